// A TCP proxy that can be broken: it passes bytes, swallows them, refuses, or resets.

import { once } from 'node:events'
import net from 'node:net'

export class Proxy {
  links = new Set()
  /** `pass`, `silent` or `refuse`. */
  mode = 'pass'
  /** When each connection was accepted. */
  dials = []

  /** To the server at this address, which may be another one later. */
  static async to(url) {
    const proxy = new Proxy()
    proxy.target = Number(new URL(url).port)
    proxy.server = net.createServer(client => {
      if (proxy.mode === 'refuse') return client.destroy()
      proxy.dials.push(performance.now())
      const server = net.connect(proxy.target, '127.0.0.1')
      const link = { client, server }
      proxy.links.add(link)
      const pipe = (from, to) => from.on('data', data => { if (proxy.mode !== 'silent') to.write(data) })
      pipe(client, server)
      pipe(server, client)
      for (const end of [client, server]) {
        end.on('error', () => {})
        end.on('close', () => {
          client.destroy()
          server.destroy()
          proxy.links.delete(link)
        })
      }
    }).listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`
    return proxy
  }

  /** As a cable that is pulled: RST to the client. */
  reset() {
    for (const { client, server } of this.links) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  close() {
    this.reset()
    this.server.close()
  }
}
