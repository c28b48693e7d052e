// Style of the contract's page and of the examples' pages: what is text can be read, light and dark, and no rule is in two pages.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

const pages = new URL('../../examples/pages/', import.meta.url)
const board = new URL('../../examples/board/web/index.html', import.meta.url)
const read = url => readFileSync(url, 'utf8')
const SCHEMES = ['light', 'dark']

let browser
before(async () => { browser = await Browser.start() }, TEST)
after(() => browser?.stop(), TEST)

/** In the page, as `contrast(above, below)` of colors, and `faint()`: visible texts whose contrast is below that of WCAG 2.2, 1.4.3. */
const measure = () => {
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  /** Red, green, blue and opacity of any color that CSS can say. */
  const rgba = color => {
    pixel.clearRect(0, 0, 1, 1)
    pixel.fillStyle = color
    pixel.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a))
  const luminance = color => {
    const [r, g, b] = color.map(part => part / 255).map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
    return .2126 * r + .7152 * g + .0722 * b
  }
  const ratio = (above, below) => {
    const [dark, bright] = [luminance(above), luminance(below)].sort((a, b) => a - b)
    return (bright + .05) / (dark + .05)
  }
  /** How bright the page itself is, from 0 to 1. */
  window.brightness = () => luminance(over(rgba(getComputedStyle(document.body).backgroundColor), over(rgba(getComputedStyle(document.documentElement).backgroundColor), [255, 255, 255])))
  window.contrast = (above, below) => ratio(over(rgba(above), over(rgba(below), [255, 255, 255])), over(rgba(below), [255, 255, 255]))
  const ancestors = element => element ? [...ancestors(element.parentElement), element] : []
  window.faint = () => {
    const found = [], seen = []
    const look = (element, text, style) => {
      const above = ancestors(element).map(each => getComputedStyle(each))
      if (above.some(({ backgroundImage }) => backgroundImage !== 'none')) return // on a picture
      const back = above.reduce((below, { backgroundColor }) => over(rgba(backgroundColor), below), [255, 255, 255])
      const [r, g, b, a] = rgba(style.color)
      const opacity = above.reduce((all, { opacity }) => all * opacity, a)
      const size = parseFloat(style.fontSize)
      const least = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5
      const is = ratio(over([r, g, b, opacity], back), back)
      seen.push(text)
      if (is < least) found.push(`${is.toFixed(2)}: ${text} (${element.tagName.toLowerCase()}, ${element.dataset.role ?? element.className})`)
    }
    for (const element of document.body.querySelectorAll('*')) {
      if (!element.checkVisibility({ visibilityProperty: true }) || element.matches(':disabled, :disabled *')) continue // WCAG excepts what is disabled
      const text = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data.trim()).join(' ').trim() || element.matches('textarea, select, input:not([type="radio"], [type="checkbox"])') && element.value
      if (typeof text === 'string' && text && element.tagName !== 'OPTION') look(element, text.slice(0, 60), getComputedStyle(element))
      for (const part of ['::before', '::after']) {
        const style = getComputedStyle(element, part)
        if (/^"[^"]*[^" ][^"]*"$/.test(style.content)) look(element, style.content, style)
      }
    }
    if (!seen.length) throw new Error('no text is seen')
    return found
  }
}

async function isReadable(page, name) {
  await page.page.evaluate(measure)
  for (const scheme of SCHEMES) {
    await page.page.emulateMedia({ colorScheme: scheme })
    await page.picture(`style-${name}-${scheme}`)
    const brightness = await page.page.evaluate(() => brightness())
    assert.ok(scheme === 'dark' ? brightness < .2 : brightness > .8, `${name}, ${scheme}: ${brightness}`)
    assert.deepEqual(await page.page.evaluate(() => faint()), [], `${name}, ${scheme}`)
  }
}

test("no rule of a page's own is in another page", TEST, async () => {
  const { page } = await browser.open('about:blank')
  const styles = [...readdirSync(pages).filter(name => name.endsWith('.html')).map(name => [name, read(new URL(name, pages))]), ['board', read(board)]]
    .map(([name, html]) => [name, [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, css]) => css).join('\n')])
  assert.ok(styles.length > 10)
  const twice = await page.evaluate(styles => {
    const where = new Map()
    const note = (name, rules, within) => {
      for (const rule of rules) {
        const of = rule instanceof CSSMediaRule ? `@media ${rule.conditionText} ` : undefined
        if (of) note(name, rule.cssRules, within + of)
        else where.set(within + rule.cssText, [...where.get(within + rule.cssText) ?? [], name])
      }
    }
    for (const [name, css] of styles) {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(css)
      note(name, sheet.cssRules, '')
    }
    return [...where].filter(([, names]) => new Set(names).size > 1).map(([rule, names]) => `${names}: ${rule}`)
  }, styles)
  assert.deepEqual(twice, [])
})

test('no page but the one of raw sockets makes its own connection', () => {
  const own = readdirSync(pages).filter(name => name.endsWith('.html') && /new WebSocket|class Connection/.test(read(new URL(name, pages))))
  assert.deepEqual(own, ['subprotocols.html'])
  assert.doesNotMatch(read(board), /new WebSocket/)
})

test('the colors that all pages share can be read on each other', TEST, async () => {
  const { page } = await browser.open('about:blank')
  await page.addStyleTag({ content: read(new URL('style.css', pages)) })
  await page.evaluate(measure)
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme })
    const faint = await page.evaluate(() => {
      const color = name => {
        document.body.style.color = `var(--${name})`
        return getComputedStyle(document.body).color
      }
      const pairs = [
        ...['ground', 'card', 'bubble'].flatMap(below => ['text', 'muted'].map(above => [above, below])),
        ...['ground', 'card'].flatMap(below => ['danger', 'accent-strong', 'online', 'waiting'].map(above => [above, below])),
        ['danger', 'danger-ground'], ['on-accent', 'accent'],
      ]
      return pairs.map(([above, below]) => [above, below, contrast(color(above), color(below))]).filter(([, , ratio]) => !(ratio >= 4.5))
    })
    assert.deepEqual(faint, [], scheme)
  }
})

test("the contract's page can be read, whatever it shows", TEST, async () => {
  const auction = await Example.start('auction')
  const page = await browser.open(`${auction.url}/channels`)
  await page.shows('faults')
  await isReadable(page, 'contract-new')
  await page.page.getByLabel('lot').fill('vase')
  await page.page.getByLabel('paddle').fill('7')
  await page.click('connect')
  await page.shows('status', 'closed by the server') // without a token
  await isReadable(page, 'contract-refused')
  await page.page.getByLabel('Token', { exact: true }).fill('bidder-ann')
  await page.click('connect')
  await page.shows('frame', 'catalog')
  for (const summary of await page.page.locator('main details > summary').all()) if (await summary.isVisible()) await summary.click()
  await page.click('tab-json', '>> nth=0')
  await page.page.getByLabel('Payload as JSON').first().fill('{')
  const bid = page.part('[data-role="said"][data-type="bid"]')
  if (!await bid.role('ask').isVisible()) await bid.within.locator('summary').first().click()
  await bid.click('ask')
  await page.shows('frame', 'not sent')
  await page.page.getByLabel('Payload as JSON').first().fill('{"amount":0}')
  await bid.click('ask')
  await page.shows('frame', 'error bid.too_low')
  await isReadable(page, 'contract-connected')
  await page.close()
  await auction.stop()
})

for (const name of ['axum', 'batched', 'board', 'chat', 'game', 'history', 'metrics', 'notifications', 'secure', 'subprotocols', 'ticker', 'users', 'whiteboard']) {
  test(`the page of ${name} can be read`, TEST, async () => {
    const example = await Example.start(name)
    const page = await browser.open(example.url)
    await page.page.waitForLoadState('networkidle')
    await isReadable(page, name)
    await page.close()
    await example.stop()
  })
}
