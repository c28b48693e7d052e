// The core: its .ts where the engine runs that (Node from 22.18 on, Deno, Bun), else what is made of it.
export * from '../../../channel-runtime/src/contract/typescript/core.js'
