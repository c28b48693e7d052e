// The example `echo` with the package `ws`, without and with compression.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'

for (const flags of [[], ['--deflate']]) {
  describe(`echo ${flags.join(' ')}`, () => {
    let example

    before(async () => { example = await Example.start('echo', {}, flags) }, TEST)
    after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

    test('everything comes back as it was, whole or in fragments', TEST, async () => {
      const socket = new WebSocket(example.url.replace('http', 'ws'), { perMessageDeflate: true })
      await once(socket, 'open')
      assert.equal(socket.extensions.includes('permessage-deflate'), flags.length > 0)
      const texts = ['', 'hello', '{"type":"success"}', '🦀'.repeat(100_000)]
      const sent = texts.flatMap(text => [[text, false], [Buffer.from(text), true]])
      sent.push([randomBytes(16 * 1024 * 1024 - 64), true])
      const echoed = []
      socket.on('message', (data, isBinary) => {
        echoed.push([isBinary ? data : data.toString(), isBinary])
        if (echoed.length === sent.length + 1) socket.close(4000)
      })
      for (const [data, binary] of sent) socket.send(data, { binary })
      for (let n = 0; n < 5_000; n++) socket.send('a piece, ', { fin: n === 4_999 })
      const [code] = await once(socket, 'close')
      sent.push(['a piece, '.repeat(5_000), false])
      assert.deepEqual(echoed, sent)
      assert.equal(code, 4000)
    })
  })
}
