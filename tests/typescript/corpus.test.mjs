// A value of every form goes from Rust to TypeScript and back (`tests/corpus.rs`): tsc checks the types, and what it checks is what
// travels. Before it, `cargo test --test corpus` writes whole clients into the target folder.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { buildSync, transformSync } from 'esbuild'
import { inEachEngine } from './support/engines.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const corpus = join(here, 'corpus')
const made = resolve(process.env.EXAMPLES ?? join(here, '../../target/debug/examples'), '../../tmp/corpus')
const folder = mkdtempSync(join(tmpdir(), 'corpus-'))
after(() => rmSync(folder, { recursive: true }))

const versions = ['typescript', 'typescript-5']

function tsc(version, ...args) {
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(here, 'node_modules', version, 'bin/tsc'), ...args], { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
  return performance.now() - begun
}

/** A project of these files alone, with the options of all. */
function project(name, include) {
  const path = join(folder, `${name}.json`)
  writeFileSync(path, JSON.stringify({
    extends: join(here, 'tsconfig.json'),
    compilerOptions: { paths: { react: [join(here, 'node_modules/@types/react')] } },
    files: include,
    include: [],
  }))
  return path
}

test('cargo has made the clients', () => {
  assert.ok(existsSync(join(made, 'channels.ts')), `${made} has none: cargo test --workspace --all-features --test corpus`)
})

test('20 channels of 20 messages have no errors', t => {
  const ms = tsc('typescript', '-p', project('many', [join(made, 'many.ts')]))
  t.diagnostic(`${Math.round(ms)} ms`)
})

// The printed client with the values and the mistakes, and whole files: .ts, .js with .d.ts, React's.
for (const version of versions) {
  test(`${version}: each value has its type, each mistake is one, and no file has errors`, () => {
    const page = join(made, 'page.ts')
    writeFileSync(page, `import { Game, attempt } from './script.js'
      import { useChannel, useMessage, useStatus } from './channels.react.ts'
      import * as script from './script.react.js'
      import { Corpus } from './channels.ts'
      export const move = async () => {
        const tried = await attempt(new Game({ game_id: 7, seat: 'red' }, { token: 'a' }).open().move({ from: 'e2', to: 'e4' }))
        // @ts-expect-error a field that is missing
        new Game({ game_id: 7, seat: 'red' }).move({})
        return tried.ok && tried.value.x
      }
      export const Component = () => {
        const corpus = useChannel(Corpus), game = script.useChannel(Game, { game_id: 7, seat: 'red' })
        useMessage(corpus, 'color', ({ value }) => value satisfies 'red' | 'blue')
        // @ts-expect-error no such message
        useMessage(corpus, 'colour', () => {})
        return [useStatus(corpus), script.useStatus(game)]
      }`)
    copyFileSync(join(corpus, 'exact.ts'), join(made, 'exact.ts'))
    const whole = ['channels.ts', 'bigint.ts', 'exact.ts', 'described.ts', 'channels.react.ts', 'page.ts'].map(name => join(made, name))
    const printed = ['client.ts', 'heard.ts', 'said.ts', 'mistakes.ts'].map(name => join(corpus, name))
    tsc(version, '-p', project('corpus', [...printed, ...whole]))
  })
}

test('said.json is what is written in said.ts', async () => {
  const { code } = transformSync(readFileSync(join(corpus, 'said.ts'), 'utf8'), { loader: 'ts' })
  const { said } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const line = value => JSON.stringify(value, (_, each) => typeof each === 'bigint' ? `:${each}:` : each).replace(/":(-?\d+):"/g, '$1')
  const types = Object.entries(said).map(([type, values]) => `  ${JSON.stringify(type)}: [\n    ${values.map(line).join(',\n    ')}\n  ]`)
  const now = `{\n${types.join(',\n')}\n}\n`
  const path = join(corpus, 'said.json')
  if (process.env.CORPUS === 'accept') writeFileSync(path, now)
  assert.equal(now, readFileSync(path, 'utf8'), 'CORPUS=accept node --test tests/typescript/corpus.test.mjs')
})

/** What a bundler makes of a page beside the clients. */
const bundle = page => buildSync({
  stdin: { contents: page, resolveDir: made, sourcefile: 'page.js' },
  bundle: true, format: 'esm', target: 'es2022', minify: true, write: false, logLevel: 'error',
}).outputFiles[0].text
const load = page => import(`data:text/javascript,${encodeURIComponent(bundle(page))}`)

test('a channel that is not used costs nothing', () => {
  const one = bundle(`import { Corpus7 } from './many.ts'; globalThis.channel = new Corpus7()`)
  const core = bundle(`import { Channel } from './many.ts'; globalThis.channel = new Channel('/')`)
  const all = bundle(`export * from './many.ts'`)
  const classes = text => text.match(/extends/g).length
  // `Fault`, `NoAnswer` and the one that is used.
  assert.equal(classes(one), classes(core) + 1)
  assert.equal(classes(all), classes(core) + 20)
  const cost = gzipSync(one).length - gzipSync(core).length
  assert.ok(cost <= 40 * 20, `20 messages cost ${cost} bytes`)
})

test('the .js is what is left of the .ts', async () => {
  const [typescript, script] = [await load(`export * from './channels.ts'`), await load(`export * from './script.js'`)]
  assert.deepEqual(Object.keys(script).sort(), Object.keys(typescript).sort())
  for (const name of ['Corpus', 'Game']) {
    const [left, right] = [typescript[name], script[name]]
    const methods = of => Object.getOwnPropertyNames(of.prototype).sort()
    assert.deepEqual(methods(left), methods(right))
    for (const key of ['fingerprint', 'rates', 'timeouts', 'length']) assert.deepEqual(left[key], right[key], `${name}.${key}`)
    assert.equal(typeof left.bigints, typeof right.bigints)
  }
})

inEachEngine('runs the .ts as it is', {}, (program, flags) => {
  const page = join(folder, 'runs.mjs')
  writeFileSync(page, `import { Game } from ${JSON.stringify(pathToFileURL(join(made, 'channels.ts')).href)}
    const game = new Game({ game_id: 7, seat: 'red' }, { url: 'ws://localhost' })
    console.log(game.status.state, Game.rates.move.length, game.move.name)`)
  const { stdout, stderr } = spawnSync(program, [...flags, page], { encoding: 'utf8' })
  assert.equal(stdout, 'idle 3 move\n', stderr)
})

inEachEngine('hears and says the digits that Rust wrote, with `client("..", bigint)`', {}, (program, flags) => {
  copyFileSync(join(corpus, 'exact.ts'), join(made, 'exact.ts'))
  const paths = [join(made, 'bigint.ts'), join(made, 'exact.ts')].map(path => pathToFileURL(path).href)
  const args = [...flags, join(here, 'support/exact.mjs'), ...paths, join(corpus, 'heard.json')]
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 })
  assert.equal(stdout, 'ok 15\n', stderr)
})

/** A socket whose server is the test. */
class Played {
  static last
  sent = []
  constructor(url) { this.url = url; Played.last = this }
  send(text) { this.sent.push(text) }
  close() {}
  hear(text) { this.onmessage({ data: text }) }
}

test('what is typed as `bigint` is one, whatever its size', async () => {
  const { Corpus } = await load(`export { Corpus } from './channels.ts'`)
  const heard = readFileSync(join(corpus, 'heard.json'), 'utf8').split('\n').map(line => line.trim().replace(/,$/, ''))
  const texts = type => heard.filter(line => line.startsWith(`{"type":"${type}"`))
  const channel = new Corpus({ url: 'ws://localhost', WebSocket: Played }).open()
  await new Promise(setImmediate)
  const wide = [], trees = [], errors = []
  channel.on('wide', ({ value }) => wide.push(value))
  channel.on('tree', ({ value }) => trees.push(value))
  channel.on('error', error => errors.push(error))
  Played.last.onopen()
  const exact = process.versions.node >= '22' // ES2025: the source of a number
  for (const text of [...texts('wide'), ...texts('tree')]) if (exact || !/\d{16}/.test(text)) Played.last.hear(text)
  if (!exact) Played.last.hear('{"type":"tree","value":{"big":3,"children":[{"big":1,"children":[]}]}}')
  channel.close()
  assert.deepEqual(errors, [])
  for (const value of wide) assert.deepEqual([typeof value.big_u, typeof value.big_i], ['bigint', 'bigint'])
  assert.ok(wide.some(value => value.big_i === -5n))
  const [tree] = trees
  assert.equal(typeof tree.big, 'bigint')
  assert.equal(tree.children[0].big, 1n)
  if (exact) assert.ok(wide.some(value => value.big_u === 2n ** 128n - 1n))
})

test('an unmarked integer that loses digits is a number, and is told of', async () => {
  const { Corpus } = await load(`export { Corpus } from './channels.ts'`)
  const channel = new Corpus({ url: 'ws://localhost', WebSocket: Played }).open()
  await new Promise(setImmediate)
  const values = [], errors = []
  for (const type of ['beyond', 'sizes']) channel.on(type, ({ value }) => values.push(...Object.values(value)))
  channel.on('error', ({ code, details }) => errors.push(`${code} ${details.key}`))
  Played.last.onopen()
  const heard = readFileSync(join(corpus, 'heard.json'), 'utf8').split('\n').map(line => line.trim().replace(/,$/, ''))
  for (const type of ['beyond', 'sizes']) Played.last.hear(heard.find(line => line.startsWith(`{"type":"${type}"`)))
  channel.close()
  assert.deepEqual(values, [2 ** 53, -(2 ** 63), 2 ** 64, -(2 ** 63)])
  assert.deepEqual(errors, ['count', 'balance', 'size', 'offset'].map(key => `unsafe_integer ${key}`))
})

test('a path is written from its parameters', async () => {
  const { Game } = await load(`export { Game } from './channels.ts'`)
  const game = new Game({ game_id: 7n, seat: 'a/b ü' }, { url: 'ws://localhost/below', WebSocket: Played }).open()
  await new Promise(setImmediate)
  assert.equal(Played.last.url, 'ws://localhost/below/game/7/%C3%BC/a%2Fb%20%C3%BC')
  game.close()
  assert.throws(() => new Game({ game_id: 7, seat: '..' }), RangeError)
})
