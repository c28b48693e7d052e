// For a page of Chromium: the core, unchanged, and what plays the scripts to it.
import * as made from '../../../channel-runtime/src/contract/typescript/core.ts'
import { integers } from './integers.mjs'
import { play } from './script.mjs'

/** Rejects with the name of the first that fails. */
export async function playAll(scripts: Record<string, unknown>): Promise<number> {
  for (const [name, script] of Object.entries(scripts)) {
    try {
      await play(script, made)
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`)
    }
  }
  await integers(made)
  return Object.keys(scripts).length
}
