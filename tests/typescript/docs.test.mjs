// The code of docs/clients.md and docs/history.md compiles, as a user's would.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const CORE = '../../../channel-runtime/src/contract/typescript'

const CHANNELS = `
import { Channel, segment, whoIsPresent, type Answer, type Call, type Options, type Protocol } from '${CORE}/core.ts'
export * from '${CORE}/core.ts'
export interface Move { from: string; to: string; piece: 'red_man' | 'white_man' }
export interface GameProtocol extends Protocol {
  says: { move: Move; typing: {}; sit: { seat: number } }
  hears: { move_made: Move & { type: 'move_made' }; game_over: { type: 'game_over'; winner: string }; confirm: { type: 'confirm'; text: string } }
  answers: {}
  faults: { move: { 'game.invalid_move': { reason: string } } }
  asks: { confirm: { yes: boolean } }
  seen: { cursor: number | null }
}
export class Game extends Channel<GameProtocol> {
  readonly present = whoIsPresent<{ cursor: number | null }>(this)
  constructor(params: { game_id: number }, options?: Options<GameProtocol>) { super(\`/game/\${segment(params.game_id)}\`, options) }
  move(message: Move, call?: Call): Answer<GameProtocol, 'move'> { return this.request('move', message, call) }
}
`
// What the page takes for granted.
const GIVEN = `
import { attempt, type GameProtocol, type Handlers, type Move } from './channels.ts'
declare function draw(from: string, to: string): void
declare function hint(reason: string): void
declare function reloadBoard(): void
declare function keepForLater(): void
declare function decide(text: string): Promise<{ yes: boolean }>
declare function toast(text: string): void
declare const game_id: number
declare const empty: Move[]
declare function apply(board: Move[], move: Move): Move[]
`
// Calls that stand in the tables.
const CALLS = `
game.send('typing', {}); game.sendBinary(new Uint8Array()); game.on('$binary', bytes => bytes.length)
game.answer('confirm', q => ({ yes: q.text !== '' }))
game.handle({ move_made(m) { m.from }, game_over(m) { m.winner } } satisfies Handlers<GameProtocol>)
for await (const m of game.messages('move_made', 'game_over')) if (m.type === 'game_over') break
new Game({ game_id: 7 }, { greet: say => say('sit', { seat: 3 }) })
`

const page = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8')
const blocks = (language, text = page) => [...text.matchAll(new RegExp('^```' + language + '\\n([^]*?)^```', 'gm'))].map(([, code]) => code)

// The channels of docs/history.md.
const HISTORY = `
import { Channel, segment, type Answer, type Call, type Options, type Protocol } from '${CORE}/core.ts'
interface LogProtocol extends Protocol { says: {}; hears: { line: { type: 'line'; id: number; text: string } }; answers: {}; faults: {} }
class Log extends Channel<LogProtocol> {
  constructor(params: { room: string }, options?: Options<LogProtocol>) { super(\`/log/\${segment(params.room)}\`, options) }
}
interface AuctionProtocol extends Protocol { says: {}; hears: { bid: { type: 'bid'; amount: number } }; answers: {}; faults: {} }
class Auction extends Channel<AuctionProtocol> {
  constructor(params: { id: number }, options?: Options<AuctionProtocol>) { super(\`/auction/\${params.id}\`, options) }
}
interface GameProtocol extends Protocol {
  says: {}; hears: { board_is: { type: 'board_is'; moves: string[] }; moved: { type: 'moved'; to: string } }; answers: {}; faults: {}
}
class Game extends Channel<GameProtocol> {
  constructor(params: { id: number }, options?: Options<GameProtocol>) { super(\`/game/\${params.id}\`, options) }
}
interface LotProtocol extends Protocol { says: { bid: { amount: number } }; hears: {}; answers: {}; faults: {} }
class Lot extends Channel<LotProtocol> {
  static override readonly idempotent = { bid: true }
  constructor(params: { id: number; user: string }, options?: Options<LotProtocol>) { super(\`/lot/\${params.id}/\${params.user}\`, options) }
  bid(message: { amount: number }, call?: Call): Answer<LotProtocol, 'bid'> { return this.request('bid', message, call) }
}
declare const id: number, room: string, user: string
declare function show(what: unknown): void
declare function showThatItIsOld(): void
`

test('the code of docs/clients.md compiles', () => {
  const [ts, tsx] = [blocks('ts'), blocks('tsx')]
  assert.deepEqual([ts.length, tsx.length], [3, 1])
  const folder = mkdtempSync(join(here, 'docs-'))
  try {
    writeFileSync(join(folder, 'channels.ts'), CHANNELS)
    writeFileSync(join(folder, 'channels.react.ts'), `export * from '${CORE}/react.ts'\n`)
    writeFileSync(join(folder, 'page.ts'), `${GIVEN}${ts.join('\n')}${CALLS}`)
    const [imports, ...rest] = tsx[0].split('\n\n')
    writeFileSync(join(folder, 'app.tsx'), `import { Game } from './channels.ts'\n${imports}${GIVEN}export function Page() {\n${rest.join('\n')}\nreturn <p>{state}{board.length}</p>\n}\n`)
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      extends: '../tsconfig.json', compilerOptions: { noUnusedLocals: false, paths: { react: ['../node_modules/@types/react'] } }, include: ['*.ts', '*.tsx'],
    }))
    for (const version of ['typescript', 'typescript-5']) {
      const tsc = spawnSync(process.execPath, [`${here}node_modules/${version}/bin/tsc`, '-p', folder], { encoding: 'utf8' })
      assert.equal(tsc.stdout + tsc.stderr, '', version)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the code of docs/history.md compiles, and a slip in it does not', () => {
  const code = blocks('ts', readFileSync(new URL('../../docs/history.md', import.meta.url), 'utf8'))
  assert.equal(code.length, 4)
  const folder = mkdtempSync(join(here, 'docs-'))
  const tsc = (version, text) => {
    writeFileSync(join(folder, 'page.ts'), `${HISTORY}${text}\nexport {}\n`)
    const { stdout, stderr } = spawnSync(process.execPath, [`${here}node_modules/${version}/bin/tsc`, '-p', folder], { encoding: 'utf8' })
    return stdout + stderr
  }
  try {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', compilerOptions: { noUnusedLocals: false, paths: {} }, include: ['*.ts'] }))
    for (const version of ['typescript', 'typescript-5']) {
      assert.equal(tsc(version, code.join('\n')), '', version)
      assert.match(tsc(version, code.join('\n').replace('fresh', 'frehs')), /error TS2339: Property 'frehs' does not exist/, version)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the tsconfig.json of docs/clients.md is enough for a page', () => {
  const [config, ...others] = blocks('json')
  assert.deepEqual(others, [])
  const folder = mkdtempSync(join(here, 'docs-'))
  try {
    cpSync(join(here, '../../examples/board/web'), join(folder, 'web'), { recursive: true })
    // Types of packages that a new project does not have.
    const { compilerOptions, ...rest } = JSON.parse(config)
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, ...rest }))
    for (const version of ['typescript', 'typescript-5']) {
      const tsc = spawnSync(process.execPath, [`${here}node_modules/${version}/bin/tsc`], { cwd: folder, encoding: 'utf8' })
      assert.equal(tsc.stdout + tsc.stderr, '', version)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
