// The table of sizes in docs/clients.md: what a page loads of each client, by esbuild, minified, ES2022, and gzip -9.
//
//   node tests/typescript/sizes.mjs            writes the table into the page

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const CORE = path('../../channel-runtime/src/contract/typescript/core.ts')
const REACT = path('../../channel-runtime/src/contract/typescript/react.ts')
export const PAGE = path('../../docs/clients.md')

/** Bytes of what this code loads: minified, and compressed. */
export function size(contents) {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: path('.'), loader: 'ts' },
    bundle: true, write: false, minify: true, format: 'esm', target: 'es2022', platform: 'browser', external: ['react'], logLevel: 'error',
    nodePaths: [path('node_modules')], define: { 'process.env.NODE_ENV': '"production"' },
  })
  const { contents: bytes } = outputFiles[0]
  return { min: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length }
}

/** A channel as it is made, with so many messages each way; `used`: how many its page calls. */
export const channel = (name, messages) => `
  import { Channel as Base${name}, segment as segment${name} } from '${CORE}'
  export class ${name} extends Base${name} {
    static fingerprint = '0123456789abcdef'
    constructor(params, options) { super(\`/${name}/\${segment${name}(params.id)}\`, options) }
    ${Array.from({ length: messages }, (_, n) => `message${name}${n}(message, call) { return this.request('message_${name}_${n}', message, call) }`).join('\n')}
  }`

export const core = () => size(`export { Channel, attempt, segment, Fault, NoAnswer } from '${CORE}'`)

/** The rows of the table. */
export function rows() {
  const react = size(`export * from '${REACT}'`)
  return [
    ['**the core**: all of this page but React and `bigint`', core()],
    ['a channel of 20 messages, with the core', size(channel('Game', 20))],
    ['React\'s six hooks more', react],
    ['phoenix 1.8, `Socket`', size(`export { Socket } from 'phoenix'`)],
    ['socket.io-client 4.8', size(`export { io } from 'socket.io-client'`)],
    ['@microsoft/signalr 10, `HubConnectionBuilder`', size(`export { HubConnectionBuilder } from '@microsoft/signalr'`)],
    ['centrifuge 5.8', size(`export { Centrifuge } from 'centrifuge'`)],
  ]
}

const kB = bytes => `${(bytes / 1000).toFixed(1)} kB`
export const table = rows => [
  '| client | minified | gzip |', '|---|---|---|', ...rows.map(([name, { min, gzip }]) => `| ${name} | ${kB(min)} | ${kB(gzip)} |`),
].join('\n')

const IN_PAGE = /(<!-- sizes -->\n)[^]*?(\n<!-- \/sizes -->)/
export const tableIn = page => IN_PAGE.exec(page)?.[0].split('\n').slice(1, -1).join('\n')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = table(rows())
  writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(IN_PAGE, (_, begin, end) => begin + made + end))
  console.log(made)
}
