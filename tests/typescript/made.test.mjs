// What is made of core.ts and react.ts is what is committed, and no larger than it may be.

import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, core } from './build.mjs'

for (const [name, text] of Object.entries(build())) {
  test(`${name} is made of its .ts`, () => {
    assert.equal(readFileSync(core + name, 'utf8'), text, `${name} is out of date: node tests/typescript/build.mjs`)
  })
}
