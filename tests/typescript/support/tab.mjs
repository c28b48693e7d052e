// A tab of Chromium by its own protocol. Playwright tells each page that it opens to believe itself in front, whatever the window
// does, so that its pages are never hidden and never frozen; of this one it knows nothing.

export class Tab {
  #calls = new Map()
  #id = 0
  /** What the tab reports, by the method's name. */
  on = {}

  /** In a window of its own, in front, with this script run on the page. */
  static async open(browser, url, script) {
    const tab = new Tab()
    tab.root = await browser.newBrowserCDPSession()
    tab.targetId = (await tab.root.send('Target.createTarget', { url: 'about:blank', newWindow: true })).targetId
    tab.sessionId = (await tab.root.send('Target.attachToTarget', { targetId: tab.targetId, flatten: false })).sessionId
    tab.root.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => { if (sessionId === tab.sessionId) tab.#hear(JSON.parse(message)) })
    tab.windowId = (await tab.root.send('Browser.getWindowForTarget', { targetId: tab.targetId })).windowId
    await tab.send('Page.enable')
    const loaded = new Promise(resolve => { tab.on['Page.loadEventFired'] = resolve })
    const { errorText } = await tab.send('Page.navigate', { url })
    if (errorText) throw new Error(`${url}: ${errorText}`)
    await loaded
    await tab.run(`document.body.replaceChildren();\n${script}`)
    return tab
  }

  #hear({ id, method, params, error, result }) {
    if (!id) return this.on[method]?.(params)
    const { resolve, reject } = this.#calls.get(id)
    this.#calls.delete(id)
    if (error) reject(new Error(error.message))
    else resolve(result)
  }

  send(method, params = {}) {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.root.send('Target.sendMessageToTarget', { sessionId: this.sessionId, message: JSON.stringify({ id, method, params }) }).catch(reject)
    })
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** What the function makes of the value, in the page. */
  evaluate(act, value) {
    return this.run(`(${act})(${JSON.stringify(value)})`)
  }

  /** Until the function holds in the page. Asked from here, for a hidden page has slow timers, and a frozen one has none. */
  async until(holds, value) {
    while (!await this.evaluate(holds, value)) await new Promise(resolve => setTimeout(resolve, 20))
  }

  state(state) {
    return this.until(state => channel.status.state === state, state)
  }

  /** `minimized` or `normal`. */
  window(windowState) {
    return this.root.send('Browser.setWindowBounds', { windowId: this.windowId, bounds: { windowState } })
  }

  /** Another one in front of it, in the same window; what is returned takes it away again. */
  async cover() {
    const { targetId } = await this.root.send('Target.createTarget', { url: 'about:blank' })
    return () => this.root.send('Target.closeTarget', { targetId })
  }

  async close() {
    await this.root.send('Target.closeTarget', { targetId: this.targetId })
    await this.root.detach()
  }
}
