// What Node, Deno and Bun run alike: all scripts, integers, and a room of a server that runs. Says `ok` at the end; else it fails.
//
//   node support/engine.mjs <core: .ts or .js> <folder of scripts> <url of the example chat>

const [core, folder, url] = (globalThis.process?.argv.slice(2) ?? globalThis.Deno.args)
const { readFileSync, readdirSync } = await import('node:fs')
const { play } = await import('./script.mjs')
const { integers } = await import('./integers.mjs')
const made = await import(core)
const { Channel, attempt } = made

let played = 0
for (const name of readdirSync(folder).filter(name => name.endsWith('.json'))) {
  try {
    await play(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')), made)
  } catch (error) {
    throw new Error(`${name}: ${error.message}`)
  }
  played++
}

await integers(made)

class Chat extends Channel {
  constructor() { super('/chat/engines', { url }) }
}
const [ann, bob] = [new Chat().open(), new Chat().open()]
const joined = await new Promise(resolve => ann.on('$joined', resolve, { once: true }))
if (joined.id.length < 8) throw new Error('no $joined')
if ((await bob.request('ping', {})).type !== 'pong') throw new Error('no answer')
const line = (async () => { for await (const m of bob.messages('chat_message')) return m.message })()
await ann.request('chat_message', { message: 'hello' })
if (await line !== 'hello') throw new Error('no line')
const { error } = await attempt(ann.request('chat_message', { message: '' }))
if (error.code !== 'validation') throw new Error('no fault')
ann.close()
bob.close()

// A refused connection is noticed at once: Node 22 fires `error` for it, and no `close`.
const { createServer } = await import('node:net')
const server = createServer()
const port = await new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
await new Promise(resolve => server.close(resolve))
class Refused extends Channel {
  constructor() { super('/', { url: `http://127.0.0.1:${port}`, retry: { connect: 2 ** 30 } }) }
}
const refused = new Refused()
const waiting = new Promise(resolve => refused.on('$status', ({ state }) => { if (state === 'waiting') resolve() }))
refused.open()
await waiting
refused.close()
console.log(`ok ${played}`)
