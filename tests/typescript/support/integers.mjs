// Integers that a double can't hold, in any engine: exact where the engine gives a number's source, and never lost in silence.

import { sockets } from './clock.mjs'

const equal = (found, wanted) => {
  const text = value => JSON.stringify(value, (_, v) => typeof v === 'bigint' ? `${v}n` : v)
  if (text(found) !== text(wanted)) throw new Error(`found ${text(found)}, and not ${text(wanted)}`)
}

export async function integers({ Channel, bigints }) {
  let source = false
  JSON.parse('1', (_, value, context) => { source = context?.source === '1'; return value })
  let socket
  const WebSocket = sockets(made => { socket = made })
  class Bank extends Channel {
    static bigints = bigints({
      paid: ['amount', 'lots.*.id', 'by.*', 'tree.**.id', 'missing.here', 'amount.deeper'], '=sum': ['data'], '=list': ['data.*'],
      keys: ['a%2Eb.%2A', '%2A.100%25', 'constructor', '__proto__', 'toString'],
    })
  }
  const bank = new Bank('/bank', { url: 'http://server', WebSocket }).open()
  const heard = [], errors = []
  bank.on('paid', m => heard.push(m))
  bank.on('other', m => heard.push(m))
  bank.on('error', ({ code, details: { key, text } = {} }) => errors.push([code, key, text]))
  await new Promise(resolve => setTimeout(resolve))
  socket.accept()
  socket.say('{"type":"$joined","id":"c1"}')

  // Small ones are bigints, too, where a bigint is described, and nothing else is.
  socket.say('{"type":"paid","amount":5,"lots":[{"id":1,"n":1},{"id":2,"n":2}],"by":{"ann":3},"tree":{"id":4,"sub":[{"id":5},{"x":{"id":6}}]},"n":7}')
  equal([heard.pop(), errors.length], [{
    type: 'paid', amount: 5n, lots: [{ id: 1n, n: 1 }, { id: 2n, n: 2 }], by: { ann: 3n }, tree: { id: 4n, sub: [{ id: 5n }, { x: { id: 6n } }] }, n: 7,
  }, 0])

  // A long one in its place is exact. One that is to be a number stays one, and is told of.
  socket.say('{"type":"paid","amount":18446744073709551615,"lots":[{"id":9007199254740993,"n":9007199254740993}],"by":{"ann":-9223372036854775808},"text":"18446744073709551615","float":1234567890123456789.5,"even":9007199254740994}')
  const paid = heard.pop()
  equal([paid.lots[0].n, paid.text, typeof paid.float, paid.even], [9007199254740992, '18446744073709551615', 'number', 9007199254740994])
  if (source) {
    equal([paid.amount, paid.lots[0].id, paid.by.ann], [18446744073709551615n, 9007199254740993n, -9223372036854775808n])
    equal(errors.splice(0), [['unsafe_integer', 'n', '9007199254740993']])
  } else {
    const keys = errors.splice(0).map(([code, key]) => `${code} ${key}`)
    for (const key of ['amount', 'id', 'n', 'ann']) if (!keys.includes(`unsafe_integer ${key}`)) throw new Error(`${key} was lost in silence: ${keys}`)
  }
  socket.say('{"type":"other","big":18446744073709551615,"small":1}')
  equal([typeof heard.pop().big, errors.splice(0).map(([code, key]) => [code, key])], ['number', [['unsafe_integer', 'big']]])

  // Keys with a dot, a star or a percent sign, and those that every object has; a type that is called as one; what is no integer.
  const deep = '{"sub":'.repeat(20_000) + '1' + '}'.repeat(20_000)
  const keys = '{"type":"keys","a.b":{"*":1,"x":2},"*":{"100%":3},"a":{"b":4},"constructor":5,"__proto__":6,"n":1}'
  bank.on('keys', m => heard.push(m))
  socket.say(keys)
  equal([heard.pop(), errors.length], [JSON.parse(keys, (key, value) => ['*', '100%', 'constructor', '__proto__'].includes(key) && value > 0 ? BigInt(value) : value), 0])
  socket.say('{"type":"keys","constructor":1.5,"toString":1e999,"n":9007199254740993}')
  equal([typeof heard.pop().constructor, errors.splice(0).map(([code, key]) => `${code} ${key}`)], ['number', ['unsafe_integer n']])
  socket.say('{"type":"keys","constructor":5,"n":9007199254740993}')
  equal([heard.pop().constructor, errors.splice(0).length], [5n, 1])
  socket.say('{"type":"keys","n":{"__proto__":9007199254740993}}')
  equal(errors.splice(0).map(([code, key]) => `${code} ${key}`), ['unsafe_integer __proto__'])
  heard.length = 0
  bank.on('constructor', m => heard.push(m))
  socket.say('{"type":"constructor"}')
  equal(heard.pop(), { type: 'constructor' })
  socket.say(`{"type":"paid","tree":${deep}}`)
  equal([heard.length, errors.splice(0).map(([code]) => code)], [0, ['malformed']])

  // Answers.
  const sum = bank.request('sum', {}), list = bank.request('list', {})
  socket.say('{"type":"success","ref":1,"data":7}')
  socket.say('{"type":"success","ref":2,"data":[1,2]}')
  equal([await sum, await list], [7n, [1n, 2n]])

  // Sent as they are, or not at all.
  socket.sent.length = 0
  bank.send('pay', { amount: 12n })
  equal(socket.sent, ['{"amount":12,"type":"pay"}'])
  const big = 18446744073709551615n
  if (JSON.rawJSON) {
    bank.send('pay', { amount: big })
    equal(socket.sent[1], '{"amount":18446744073709551615,"type":"pay"}')
  } else {
    const error = await bank.request('pay', { amount: big }).catch(error => error)
    equal([error.name, socket.sent.length], ['RangeError', 1])
  }
  bank.close()
}
