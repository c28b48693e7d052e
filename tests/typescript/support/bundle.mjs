// What a page loads: a file of these tests, bundled by esbuild.

import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** As a script that leaves its exports in `channels`. */
export function bundle(file, options = {}) {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true, write: false, format: 'iife', globalName: 'channels', target: 'es2022', jsx: 'automatic', logLevel: 'error',
    nodePaths: [fileURLToPath(new URL('../node_modules', import.meta.url))],
    define: { 'process.env.NODE_ENV': '"development"' },
    ...options,
  })
  return outputFiles[0].text
}
