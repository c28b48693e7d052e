// The way of README.md, from Rust to the page: its five lines of TypeScript fit the client that is made of its channel, and no longer
// that which is made after a change of the Rust. `cargo test --test accepting` goes the first half and leaves both clients.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const clients = join(process.env.EXAMPLES ?? join(here, '../../target/debug/examples'), '../../tmp/newcomer')
const folder = mkdtempSync(join(tmpdir(), 'newcomer-'))
after(() => rmSync(folder, { recursive: true }))

const blocks = (page, language) => [...readFileSync(join(here, '../..', page), 'utf8').matchAll(new RegExp('^```' + language + '\\n([^]*?)^```', 'gm'))].map(([, code]) => code)
const [page, ...others] = blocks('README.md', 'ts')
const [config] = blocks('docs/clients.md', 'json')

/** What tsc says of the page beside this client, with the tsconfig.json that a newcomer has. */
function tsc(version, client) {
  const path = join(clients, client, 'channels.ts')
  assert.ok(existsSync(path), `${path} is not there: cargo test --test accepting`)
  copyFileSync(path, join(folder, 'channels.ts'))
  writeFileSync(join(folder, 'page.ts'), page)
  const { compilerOptions } = JSON.parse(config)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, include: ['.'] }))
  const { stdout, stderr } = spawnSync(process.execPath, [join(here, 'node_modules', version, 'bin/tsc'), '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
  return stdout + stderr
}

test('README.md has one page, of an import and four lines', () => {
  assert.deepEqual(others, [])
  assert.equal(page.split('\n').filter(Boolean).length, 5)
})

for (const version of ['typescript', 'typescript-5']) {
  test(`the page of README.md fits the client of its channel, by ${version}`, () => {
    assert.equal(tsc(version, 'before'), '')
  })

  test(`after a change of the Rust the line that no longer fits is a type error, by ${version}`, () => {
    const [error, ...more] = tsc(version, 'after').trim().split('\n')
    const line = page.split('\n').findIndex(text => text.includes('chat.say({ text:')) + 1
    assert.match(error, new RegExp(`^page\\.ts\\(${line},\\d+\\): error TS2353: .*'text' does not exist in type 'Say'`))
    assert.deepEqual(more.filter(text => text.startsWith('page.ts')), [])
  })
}
