// The page of `examples/board`: tsc holds it against the client that is made of the channel, and the committed script is what esbuild
// makes of both. `node board.test.mjs --write` writes the script.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const web = join(here, '../../examples/board/web')
const script = join(web, 'board.js')

function build() {
  const { outputFiles } = buildSync({
    entryPoints: [join(web, 'board.ts')], bundle: true, format: 'esm', target: 'es2022', charset: 'utf8', write: false,
    banner: { js: '// Made by esbuild of board.ts and channels.ts: change those.' },
  })
  // The paths in esbuild's comments depend on where it was started.
  return outputFiles[0].text.replace(/^ *\/\/ .*\/(\w+\.ts)$/gm, '// $1')
}

if (process.argv.includes('--write')) {
  writeFileSync(script, build())
  process.exit()
}

const folder = mkdtempSync(join(tmpdir(), 'board-'))
after(() => rmSync(folder, { recursive: true }))

/** What tsc says of the page beside a client that `change` was made to. */
function tsc(version, change = client => client) {
  cpSync(web, folder, { recursive: true })
  const client = readFileSync(join(web, 'channels.ts'), 'utf8')
  writeFileSync(join(folder, 'channels.ts'), change(client))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(here, 'tsconfig.json'), compilerOptions: { paths: {} }, include: ['board.ts'], exclude: [] }))
  const { stdout, stderr } = spawnSync(process.execPath, [join(here, 'node_modules', version, 'bin/tsc')], { cwd: folder, encoding: 'utf8' })
  return stdout + stderr
}

for (const version of ['typescript', 'typescript-5']) {
  test(`the page has the channel's types, by ${version}`, () => {
    assert.equal(tsc(version), '')
  })
}

test('after a change of the Rust each line of the page that no longer fits is a type error', () => {
  const renamed = tsc('typescript', client => {
    const changed = client.replace(/^export interface Pointed \{[^}]*\}/m, text => text.replace('person', 'who'))
    assert.notEqual(changed, client)
    return changed
  })
  assert.match(renamed, /board\.ts\(\d+,\d+\): error TS2339: Property 'person' does not exist on type 'Pointed'/)
  const lost = tsc('typescript', client => client.replaceAll(`'board.full'`, `'board.overfull'`))
  assert.match(lost, /board\.ts\(\d+,\d+\): error TS2367: .*'"board\.full"'|board\.ts\(\d+,\d+\): error TS2339/s)
})

test('the script is what esbuild makes of the page', () => {
  assert.equal(readFileSync(script, 'utf8'), build(), 'node tests/typescript/board.test.mjs --write')
})
