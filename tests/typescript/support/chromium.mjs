// Chromium without a window, as a person's is: it keeps pages for `back`.
//
// Environment: CHROMIUM, the browser (default: `chromium`).

import { spawnSync } from 'node:child_process'
import { chromium } from 'playwright-core'

/** `flags`: more of its command line. */
export function launch(flags = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim(),
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--enable-features=BackForwardCache', ...flags,
    ],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}
