// The example `ocpp` with the Python packages `ocpp` and `websockets` as they are: `station.py` is the station, and asserts.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Example, TEST } from '../../browser/example.mjs'

const beside = name => fileURLToPath(new URL(name, import.meta.url))
let example

before(async () => { example = await Example.start('ocpp') }, TEST)
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

for (const act of ['calls', 'is_called', 'can_not_be_called', 'is_not_connected', 'offers_another_version']) {
  test(`a station ${act.replaceAll('_', ' ')}`, TEST, async ({ signal }) => {
    const station = spawn(beside('.venv/bin/python'), [beside('station.py'), example.url, act], { stdio: 'inherit', signal })
    const [status] = await once(station, 'exit')
    assert.equal(status, 0)
  })
}
