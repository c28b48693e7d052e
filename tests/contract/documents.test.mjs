// The documents of a contract: that they are what their formats demand, that what the examples say and hear fits them, and that
// these checks refuse what is broken.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'
import { Contract, schemas } from './check.mjs'

const here = new URL('documents/', import.meta.url)
const read = name => JSON.parse(readFileSync(new URL(name, here), 'utf8'))
const names = readdirSync(here).filter(name => name.endsWith('.asyncapi.json')).map(name => name.split('.')[0])

/** A session with an example, as it was. A step is what is said, or `null`, and which frame is waited for then. */
async function record(url, steps) {
  const socket = new WebSocket(url)
  const frames = []
  let wake = () => {}
  socket.on('message', (data, isBinary) => {
    if (isBinary) return
    const frame = JSON.parse(data)
    frames.push(['heard', frame])
    wake()
  })
  const ended = once(socket, 'close')
  await once(socket, 'open')
  for (const [said, until] of steps) {
    if (said) {
      frames.push(['said', said])
      socket.send(JSON.stringify(said))
    }
    while (!frames.some(([direction, frame]) => direction === 'heard' && until(frame))) {
      if (socket.readyState !== WebSocket.OPEN) throw new Error(`closed after ${JSON.stringify(frames)}`)
      await Promise.race([new Promise(resolve => { wake = resolve }), ended])
    }
  }
  socket.close()
  await ended
  return frames
}

const answers = ref => frame => frame.ref === ref

for (const name of names) {
  describe(`the documents of ${name}`, () => {
    test('AsyncAPI: the official parser and our own checks find nothing', TEST, async () => {
      assert.deepEqual(await new Contract(read(`${name}.asyncapi.json`)).complaints(), [])
    })

    test('JSON Schema: every definition compiles in strict mode, and the examples of AsyncAPI fit', TEST, () => {
      const check = schemas(read(`${name}.schemas.json`))
      for (const [message, { examples }] of Object.entries(read(`${name}.asyncapi.json`).components.messages)) {
        for (const { payload } of examples ?? []) assert.deepEqual(check(message, payload), [])
      }
    })
  })
}

describe('what the examples say and hear', () => {
  /** Both documents accept the session, and each frame is one and only one message. */
  async function fits(name, channel, path, steps, types) {
    const example = await Example.start(name)
    try {
      if (name === 'game') await fetch(`${example.url}/games`, { method: 'POST' })
      const frames = await record(example.url.replace('http', 'ws') + path, steps)
      const found = frames.map(([direction, { type, code }]) => `${direction} ${code ?? type}`)
      for (const type of types) assert.ok(found.includes(type), `${type} is not in ${found.join(', ')}`)
      assert.deepEqual(new Contract(read(`${name}.asyncapi.json`)).session(channel, frames), [])
      const document = read(`${name}.schemas.json`)
      const check = schemas(document)
      for (const [direction, frame] of frames) {
        const definition = document['x-channels'][channel][direction === 'said' ? 'says' : 'hears'][frame.type]
        if (definition) assert.deepEqual(check(definition.split('/').at(-1), frame), [])
      }
    } finally {
      await example.stop()
    }
  }

  test('chat', TEST, () => fits('chat', 'ChatChannel', '/chat/general', [
    [null, ({ type }) => type === 'system'],
    [{ type: 'chat_message', ref: 1, message: 'hello' }, answers(1)],
    [{ type: 'chat_message', ref: 2, message: ' ' }, answers(2)],
    [{ type: 'typing_start', ref: 'a' }, answers('a')],
    [{ type: 'ping', ref: 4 }, answers(4)],
  ], ['heard system', 'heard chat_message', 'heard success', 'heard validation', 'heard pong']))

  test('users', TEST, () => fits('users', 'UserChannel', '/user?user=ann', [
    [null, ({ type }) => type === 'devices'],
    [{ type: 'broadcast', ref: 1, text: 'hello' }, answers(1)],
    [{ type: 'send_to_user', ref: 2, user_id: 'ann', text: 'hello' }, answers(2)],
    [{ type: 'send_to_users', ref: 3, user_ids: ['ann', 'bob'], text: 'hello' }, answers(3)],
  ], ['heard devices', 'heard success']))

  test('batched', TEST, () => fits('batched', 'SensorChannel', '/sensors/roof', [
    [{ type: 'measured', ref: 1, celsius: 20.5 }, answers(1)],
  ], ['said measured']))

  test('board', TEST, () => fits('board', 'Board', '/board/plans', [
    [null, ({ type }) => type === 'people'],
    [{ type: 'draw', ref: 1, color: 'red', width: 4, points: [[0, 0], [10, 10.5]] }, answers(1)],
    [{ type: 'draw', ref: 2, color: 'red', width: 4, points: [] }, answers(2)],
    [{ type: 'point', ref: 3, at: [1, 2] }, answers(3)],
    [{ type: 'point', ref: 4, at: null }, answers(4)],
    [{ type: 'undo', ref: 5 }, answers(5)],
    [{ type: 'undo', ref: 6 }, answers(6)],
  ], ['heard drawing', 'heard people', 'heard stroke_added', 'heard board.bad_stroke', 'heard success', 'heard stroke_removed', 'heard board.nothing_to_undo']))

  test('metrics', TEST, () => fits('metrics', 'Chat', '/chat/lounge', [
    [{ type: 'say', ref: 1, text: 'hello' }, answers(1)],
    [{ type: 'say', ref: 2, text: ' ' }, answers(2)],
  ], ['heard said', 'heard success', 'heard chat.empty']))

  test('notifications', TEST, () => fits('notifications', 'NotificationChannel', '/notifications?user=ann', [
    [null, ({ type }) => type === 'activity'],
  ], ['heard inbox', 'heard activity']))

  for (const [name, channel, path, type] of [
    ['axum', 'Topic', '/topics/bakery', 'welcome'],
    ['subprotocols', 'Plain', '/plain', 'welcome'],
    ['ticker', 'Each', '/each', 'tick'],
    ['ticker', 'Newest', '/newest', 'tick'],
    ['whiteboard', 'BoardChannel', '/board/plans', 'people'],
  ]) {
    test(`${name}, ${channel}`, TEST, () => fits(name, channel, path, [[null, frame => frame.type === type]], [`heard ${type}`]))
  }

  test('game', TEST, () => fits('game', 'GameChannel', '/game/1?token=0123456789abcdef', [
    [null, ({ type }) => type === 'game_state'],
    [{ type: 'join_game', ref: 1, player_name: 'Ann', color: 'red' }, answers(1)],
    [{ type: 'move', ref: 2, from: 'c3', to: 'd4', piece: 'red_man' }, answers(2)],
    [{ type: 'chat', ref: 3, message: 'hello', player_id: 'somebody' }, answers(3)],
    [{ type: 'leave_game', ref: 4 }, answers(4)],
  ], ['heard welcome', 'heard game_state', 'heard success']))
})

describe('a value of every form fits both documents', () => {
  const values = name => JSON.parse(readFileSync(new URL(`../typescript/corpus/${name}.json`, import.meta.url), 'utf8'))
  const document = read('corpus.schemas.json')
  const check = schemas(document)
  const contract = new Contract(read('corpus.asyncapi.json'))

  for (const [side, direction] of [['heard', 'hears'], ['said', 'says'], ['echoed', 'hears']]) {
    for (const [type, all] of Object.entries(values(side))) {
      test(`${side}: ${type}`, () => {
        const definition = document['x-channels'].Corpus[direction][type].split('/').at(-1)
        for (const value of all) {
          const frame = { ...value, type }
          assert.deepEqual(check(definition, frame), [], JSON.stringify(frame))
          assert.deepEqual(contract.fitting([definition], frame), [definition], JSON.stringify(frame))
        }
      })
    }
  }
})

describe('what is broken is refused', () => {
  const broken = async (break_, expected) => {
    const document = read('chat.asyncapi.json')
    break_(document)
    let wrong
    try {
      wrong = (await new Contract(document).complaints()).join('\n')
    } catch (error) {
      wrong = error.message
    }
    assert.match(wrong, expected)
  }
  const say = document => document.components.messages.ChatMessage
  const operation = document => document.operations['ChatChannel.chat_message']

  test('a reply that is no message of the channel', TEST, () =>
    broken(document => { operation(document).reply.messages.push({ $ref: '#/components/messages/Success' }) }, /is no message of its channel/))
  test('a message that is not there', TEST, () =>
    broken(document => { delete document.components.messages.Pong }, /Pong/))
  test('a parameter that is missing', TEST, () =>
    broken(document => { delete document.channels.ChatChannel.parameters }, /room_id/))
  test('an example that does not fit', TEST, () =>
    broken(document => { delete say(document).examples[0].payload.message }, /an example of ChatMessage does not fit/))
  test('two messages that a frame may be', TEST, () =>
    broken(document => { delete document.components.messages.UserTyping.payload.properties.type.const }, /strict mode|is .* and /))
  test('a word that no schema has', TEST, () =>
    broken(document => { say(document).payload.requires = ['message'] }, /strict mode: unknown keyword/))
  test('words of the newer dialect', TEST, () =>
    broken(document => { say(document).payload.unevaluatedProperties = false }, /strict mode: unknown keyword/))
  test('an unknown version', TEST, () =>
    broken(document => { document.asyncapi = '9.9.9' }, /./))

  const session = frames => new Contract(read('chat.asyncapi.json')).session('ChatChannel', frames)
  const asked = ['said', { type: 'chat_message', ref: 1, message: 'hello' }]

  test('a frame of no message', () => {
    assert.match(session([['heard', { type: 'sistem', message: '' }]]).join(), /is none of/)
    assert.match(session([['heard', { type: 'pong' }]]).join(), /is none of/)
    assert.match(session([['said', { type: 'chat_message' }]]).join(), /is none of/)
  })
  test('an answer that the handler does not give', () => {
    assert.deepEqual(session([asked, ['heard', { type: 'success', ref: 1 }]]), [])
    assert.match(session([asked, ['heard', { type: 'pong', ref: 1, timestamp: 'now' }]]).join(), /is none of/)
    assert.match(session([asked, ['heard', { type: 'success', ref: 1, data: 1, timestamp: '2026-01-31T12:00:00Z' }]]).join(), /is none of/)
  })
  test('details that are not those of the code', () => {
    const check = schemas(read('faults.schemas.json'))
    const fault = { type: 'error', ref: 1, message: '', timestamp: '2026-01-31T12:00:00Z' }
    assert.deepEqual(check('Error', { ...fault, code: 'bid.too_low', details: { least: 7 } }), [])
    assert.deepEqual(check('Error', { ...fault, code: 'bid.closed' }), [])
    assert.deepEqual(check('Error', { ...fault, code: 'internal', details: { id: '1' } }), [])
    assert.notDeepEqual(check('Error', { ...fault, code: 'bid.too_low' }), [])
    assert.notDeepEqual(check('Error', { ...fault, code: 'bid.too_low', details: { least: '7' } }), [])
    const { operations, components } = read('faults.asyncapi.json')
    assert.deepEqual(operations['Game.move']['x-faults'], ['bid.too_low', 'bid.closed'])
    assert.equal(components['x-faults']['bid.too_low'].details.$ref, '#/components/schemas/fault.bid.too_low')
  })
  test('a value that is no value of its type, in JSON Schema', () => {
    const check = schemas(read('described.schemas.json'))
    assert.deepEqual(check('Piece', 'KING'), [])
    assert.notDeepEqual(check('Piece', 'QUEEN'), [])
    assert.deepEqual(check('PieceSaid', 'QUEEN'), [], 'what is read has an `other`')
    assert.notDeepEqual(check('Mark', { kind: 'circle' }), [])
    assert.notDeepEqual(check('Pair', { t: 'Of', c: [1] }), [])
    assert.notDeepEqual(check('Item', { Text: 'a', Block: { items: [] } }), [])
  })
})
