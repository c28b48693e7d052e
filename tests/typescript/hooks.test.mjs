// `useChannel` against a server that is played: which components share a connection, also when it is moved; and what a moved channel is.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, after } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'
import { onItsClock } from './support/world.mjs'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const made = mkdtempSync(join(tmpdir(), 'hooks-'))
after(() => rmSync(made, { recursive: true }))
const { outputFiles } = buildSync({
  stdin: {
    contents: `
      export * from '../../channel-runtime/src/contract/typescript/core.js'
      export { useChannel } from '../../channel-runtime/src/contract/typescript/react.js'
      export { mount } from 'react'`,
    resolveDir: path('.'),
  },
  bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'error', alias: { react: path('support/react.mjs') },
})
writeFileSync(join(made, 'hooks.mjs'), outputFiles[0].text)
const { Channel, useChannel, mount } = await import(pathToFileURL(join(made, 'hooks.mjs')).href)

/** A class for each test: its channels are known by it. */
const desk = () => class extends Channel {
  constructor(params, options) { super(`/desk/${params.number}`, options) }
}

const paths = ({ alive }) => alive.map(({ url }) => new URL(url).pathname)

async function moved(world, to) {
  world.socket.say({ type: '$closing', retry_after_ms: 0, retry_window_ms: 1, to })
  await world.end(4307, to)
  await world.clock.advance(1)
  await world.letIn()
}

test('components with the same parameters share a connection, which is closed a second after the last', onItsClock(async world => {
  const Desk = desk()
  const at = number => mount(() => useChannel(Desk, { number }, world.options))
  const [one, two] = [at(3), at(3)]
  assert.equal(one.shown, two.shown)
  await world.letIn()
  assert.deepEqual(paths(world), ['/desk/3'])
  one.unmount()
  await world.clock.advance(2000)
  assert.equal(two.shown.status.state, 'open')
  two.unmount()
  await world.clock.advance(999)
  assert.equal(at(3).shown, two.shown)
  await world.clock.advance(2000)
  assert.deepEqual(paths(world), ['/desk/3'])
}))

test('a connection that is moved is that of its components, and of no other one with the same parameters', onItsClock(async world => {
  const Desk = desk()
  let number = 3
  const first = mount(() => useChannel(Desk, { number }, world.options))
  await world.letIn()
  await moved(world, '/desk/8')
  first.render()
  assert.deepEqual(paths(world), ['/desk/8'])
  const second = mount(() => useChannel(Desk, { number: 3 }, world.options))
  assert.notEqual(second.shown, first.shown)
  await world.letIn()
  assert.deepEqual(paths(world), ['/desk/8', '/desk/3'])
  // A component that is shown again is none of those that have it.
  first.unmount()
  first.render()
  second.unmount()
  const third = mount(() => useChannel(Desk, { number: 3 }, world.options))
  assert.equal(third.shown, second.shown)
  // Its own parameters bring it back.
  number = 4
  first.render()
  await world.letIn()
  await world.clock.advance(2000)
  assert.deepEqual(paths(world), ['/desk/3', '/desk/4'])
}))

test('a channel that was moved is that of the other room, also when it is closed and opened again', onItsClock(async world => {
  const channel = new (desk())({ number: 3 }, world.options).open()
  await world.letIn()
  await moved(world, '/desk/8')
  channel.close()
  channel.open()
  await world.letIn()
  assert.deepEqual(paths(world), ['/desk/8'])
}))
