// What the browser tests share: an example as a server of its own, and Chromium to open its page in.
//
// Environment: CHROMIUM, the browser (default: `chromium`); SCREENSHOTS, a directory for pictures; and that of `example.mjs`.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

export { Example, TEST } from './example.mjs'

/** For one thing that a page should show: long, for only a failure waits that long. */
const SHOWS = 20_000

const role = name => `[data-role="${name}"]`

/** A Redis on a socket of its own, empty each time it starts. */
export class Redis {
  static async start() {
    const redis = new Redis()
    redis.place = mkdtempSync(join(tmpdir(), 'redis-'))
    redis.url = `redis+unix://${redis.place}/socket`
    await redis.start()
    return redis
  }

  async start() {
    const arguments_ = ['--port', '0', '--save', '', '--daemonize', 'no', '--dir', this.place, '--unixsocket', join(this.place, 'socket')]
    this.server = spawn('redis-server', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.kill = () => this.server.kill('SIGKILL')
    process.once('exit', this.kill)
    this.ended = new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.once('exit', resolve)
    })
    const lines = createInterface({ input: this.server.stdout })
    const ready = new Promise(resolve => lines.on('line', line => { if (line.includes('eady to accept connections')) resolve() }))
    await Promise.race([ready, this.ended.then(() => { throw new Error('redis-server ended before it was ready') })])
  }

  async stop() {
    this.kill()
    await this.ended
    process.off('exit', this.kill)
  }

  remove() {
    rmSync(this.place, { recursive: true, force: true })
  }
}

/** Chromium without a window. */
export class Browser {
  /** Whatever a page threw, or logged as an error. */
  complaints = []

  static async start() {
    const browser = new Browser()
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim(),
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync',
      ],
    })
    return browser
  }

  /** A page that shares nothing with the others, like one on another machine. An example's own certificate is believed. */
  async open(url) {
    const context = await this.chromium.newContext({ viewport: { width: 1200, height: 860 }, reducedMotion: 'reduce', ignoreHTTPSErrors: true })
    context.setDefaultTimeout(SHOWS)
    const page = await context.newPage()
    page.on('pageerror', error => this.complaints.push(error.message))
    page.on('console', message => { if (message.type() === 'error') this.complaints.push(message.text()) })
    await page.goto(url)
    return new Page(page)
  }

  async closeAll() {
    await Promise.all(this.chromium.contexts().map(context => context.close()))
  }

  async stop() {
    await this.chromium.close()
  }
}

/** A page, or a part of one, in the words of its `data-role`s. */
export class Page {
  constructor(page, within = page) {
    this.page = page
    this.within = within
  }

  /** The elements of a role; `more` is a further selector, such as `[data-own="true"]`. */
  role(name, more = '') {
    return this.within.locator(`${role(name)}${more}`)
  }

  /** The part of the page within this selector. */
  part(selector) {
    return new Page(this.page, this.within.locator(selector))
  }

  async click(name, more) {
    await this.role(name, more).click()
  }

  async fill(name, text) {
    await this.role(name).fill(text)
  }

  /** Waits until there is an element of this role, visible and with this text in it. */
  async shows(name, text = '', more) {
    await this.role(name, more).filter({ hasText: text }).first().waitFor()
  }

  /** Types what a keyboard can't, such as half a surrogate pair: `text` is a string as JavaScript writes it. */
  async enter(name, text) {
    await this.page.evaluate(`{
      const input = document.querySelector('${role(name)}')
      input.value = ${text}
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }`)
  }

  /** As when its tab is shown again after it was hidden; `event` says how the page learns of it. */
  async isShownAgain(event = 'visibilitychange') {
    await this.page.evaluate(event => (event === 'pageshow' ? window : document).dispatchEvent(new Event(event)), event)
  }

  async text(name) {
    return this.role(name).innerText()
  }

  /** Leaves a picture of the page, where somebody wants to look at it. */
  async picture(name) {
    if (process.env.SCREENSHOTS) await this.page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true })
  }

  async close() {
    await this.page.context().close()
  }
}
