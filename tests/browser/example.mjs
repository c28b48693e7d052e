// An example as a server of its own.
//
// Environment: EXAMPLES, the directory of the built examples (default: the debug build's); SERVERS, a file to note the servers'
// process ids in.

import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const EXAMPLES = process.env.EXAMPLES ?? fileURLToPath(new URL('../../target/debug/examples', import.meta.url))

/** For a whole test: long, for only a failure waits that long. */
export const TEST = { timeout: 180_000 }

/** An example, serving on a free port. */
export class Example {
  static async start(name, environment = {}, flags = []) {
    const server = spawn(join(EXAMPLES, name), flags, {
      env: { ...process.env, ADDR: '127.0.0.1:0', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const example = new Example()
    example.server = server
    example.kill = () => server.kill('SIGKILL')
    process.once('exit', example.kill)
    if (process.env.SERVERS) appendFileSync(process.env.SERVERS, `${server.pid}\n`)
    example.ended = new Promise((resolve, reject) => {
      server.once('error', reject)
      server.once('exit', (code, signal) => resolve(code ?? signal))
    })
    const firstLine = new Promise(resolve => createInterface({ input: server.stdout }).once('line', resolve))
    const tooEarly = example.ended.then(status => { throw new Error(`${name} ended with ${status} before it listened`) })
    const line = await Promise.race([firstLine, tooEarly])
    example.url = /^listening on (https?:\/\/\S+)$/.exec(line)?.[1]
    if (!example.url) throw new Error(`the first line of ${name} is not its address: ${line}`)
    return example
  }

  /** As a server that died without a word, or one behind a network that is gone: it takes bytes, and answers nothing. */
  async whileItHangs(act) {
    this.server.kill('SIGSTOP')
    // One thread takes the signal, and on a busy machine the others still answer until it has run.
    while (!this.isStopped()) await new Promise(setImmediate)
    try {
      await act()
    } finally {
      this.server.kill('SIGCONT')
    }
  }

  isStopped() {
    const tasks = `/proc/${this.server.pid}/task`
    try {
      return readdirSync(tasks).every(task => /\) [Tt] /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8')))
    } catch {
      return false // a thread has ended in between
    }
  }

  /** Asks it to stop, as ctrl-c does. Resolves to its exit code. */
  async stop() {
    this.server.kill('SIGINT')
    const status = await this.ended
    process.off('exit', this.kill)
    return status
  }
}
