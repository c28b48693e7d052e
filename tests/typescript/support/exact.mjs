// Values whose integers are `bigint` are heard as they are written in Rust, and said so. Prints `ok` and how many at the end.
//
//   node support/exact.mjs <bigint.ts> <exact.ts> <heard.json>

import { sockets } from './clock.mjs'

const { readFileSync } = await import('node:fs')
const [client, values, json] = globalThis.process?.argv.slice(2) ?? globalThis.Deno.args
const { Corpus, Game } = await import(client)
const { heard, game } = await import(values)

const text = value => JSON.stringify(value, (_, each) => typeof each === 'bigint' ? `${each}n` : Object.is(each, -0) ? '-0' : each)
const equal = (found, wanted) => {
  if (text(found) !== text(wanted)) throw new Error(`found ${text(found)}, and not ${text(wanted)}`)
}
let socket
const WebSocket = sockets(made => { socket = made })
const connect = async channel => {
  channel.open()
  await new Promise(resolve => setTimeout(resolve))
  socket.accept()
  socket.say('{"type":"$joined","id":"c1"}')
  return channel
}

const corpus = await connect(new Corpus({ url: 'http://server', WebSocket }))
const lines = readFileSync(json, 'utf8').split('\n').filter(line => line.startsWith('    {')).map(line => line.trim().replace(/,$/, ''))
const types = new Set(), errors = []
let message
corpus.on('$message', each => { message = each })
corpus.on('error', ({ code, details }) => errors.push(`${code} ${details?.key}`))
let exact = 0
const places = {}
for (const line of lines) {
  socket.say(line)
  const { type, ...rest } = message
  if (text(rest) !== text(JSON.parse(text(rest).replace(/"(-?\d+)n"/g, '$1')))) types.add(type)
  if (!(type in heard)) continue
  const wanted = heard[type][places[type] = (places[type] ?? -1) + 1]
  equal(rest, wanted)
  // The digits that are sent are those that were heard.
  socket.sent.length = 0
  corpus.send(type, wanted)
  equal(socket.sent[0], `${line.replace(/^\{"type":"\w+",/, '{').replace('-0.0', '0').slice(0, -1)},"type":"${type}"}`)
  exact++
}
equal(errors, [])
equal([...types].sort(), Object.keys(heard).sort())

const asked = await connect(new Game({ game_id: 18446744073709551615n, seat: 'red' }, { url: 'http://server', WebSocket }))
equal(new URL(socket.url).pathname, '/game/18446744073709551615/%C3%BC/red')
const many = asked.howMany()
socket.say('{"type":"success","ref":1,"data":18446744073709551615}')
equal(await many, 18446744073709551615n)
for (const channel of [corpus, asked, game]) channel.close()
console.log(`ok ${exact}`)
