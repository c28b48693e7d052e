// Made from Rust by channel-runtime: change the Rust. fingerprint b762b4fc8b70fe02 contents 891d9c3e6fe52d30
// The core of a generated client: one WebSocket that reconnects by itself, requests with answers, listeners. No dependencies, and
// erasable TypeScript alone, so that Node, Deno and Bun run it unchanged.
/** The server's answer that it did not do it; `malformed`, `overflow` and `unsafe_integer` are also made here. */
export class Fault extends Error {
    name = 'Fault';
    kind = 'fault';
    constructor(code, message, details) {
        super(message);
        this.code = code;
        this.details = details;
    }
}
export class NoAnswer extends Error {
    name = 'NoAnswer';
    constructor(kind, message) {
        super(message);
        this.kind = kind;
    }
}
/** The answer, or why there is none, without a `try`. What is neither, such as an abort's reason, is thrown. */
export async function attempt(answer) {
    try {
        return { ok: true, value: await answer };
    }
    catch (error) {
        if (error instanceof Fault || error instanceof NoAnswer)
            return { ok: false, error: error };
        throw error;
    }
}
/** In ms; `queue`: how many requests may wait. */
const RETRY = { base: 1000, cap: 20_000, connect: 15_000, uptime: 5000, silence: 25_000, probe: 10_000, queue: 256 };
const lost = () => new NoAnswer('lost', 'the connection was lost');
const later = (act, ms) => setTimeout(act, Math.min(ms, 2e9)); // longer ones fire at once
// One listener a signal, however many requests have it: Node warns of more than ten.
const aborts = new WeakMap();
const abort = ({ target }) => { for (const act of [...aborts.get(target)])
    act(); };
function whenAborted(signal, act) {
    if (!signal)
        return () => { };
    const all = aborts.get(signal) ?? new Set();
    aborts.set(signal, all.add(act));
    signal.addEventListener('abort', abort);
    return () => { if (all.delete(act) && !all.size)
        signal.removeEventListener('abort', abort); };
}
/** A path's parameter as its segment. What a URL can't carry is an error here, and no connection to elsewhere. */
export function segment(value) {
    const text = String(value);
    if (/^\.{0,2}$/.test(text))
        throw new RangeError(`a path's parameter can't be '${text}'`);
    return encodeURIComponent(text);
}
const write = (message) => JSON.stringify(message, (_, value) => {
    if (typeof value !== 'bigint')
        return value;
    const raw = JSON.rawJSON;
    if (raw)
        return raw(`${value}`);
    if (BigInt(Number(value)) === value)
        return Number(value);
    throw new RangeError(`can't write ${value}`);
});
/**
 * Makes `bigint`s of the integers at the paths: by the type of the message, or, in `data` of an answer, by the request's type behind
 * `=`. A path's parts are keys, whose `.`, `*` and `%` are percent-encoded, `*` for any and `**` for any depth.
 */
export function bigints(paths) {
    const all = new Map(Object.entries(paths));
    return (message, name, exact) => {
        const visit = (at, [key, ...rest]) => {
            if (key === undefined || typeof at !== 'object' || !at)
                return;
            if (key === '**')
                visit(at, rest);
            for (const each of key[0] === '*' ? Object.keys(at) : [decodeURIComponent(key)]) {
                if (key === '**')
                    visit(at[each], [key, ...rest]);
                else if (rest.length)
                    visit(at[each], rest);
                else if (Number.isInteger(at[each])) {
                    const lost = exact.get(at);
                    at[each] = BigInt(lost?.get(each) ?? at[each]);
                    if (lost?.get(each))
                        lost.delete(each);
                }
            }
        };
        for (const path of all.get(name) ?? [])
            visit(message, path.split('.'));
    };
}
/** How a connection that ended so goes on. */
function verdict(code, fault) {
    if (code === 4401)
        return 'token';
    if (code === 4490)
        return 'idle';
    if ([4408, 4425, 4429].includes(code))
        return 'slow';
    if (code === 1000 || code >= 3000)
        return 'final';
    if (code === 1008)
        return fault && fault.code !== 'rate_limited' ? 'final' : 'slow';
    return [1001, 1005, 1006, 1012].includes(code) ? 'soon' : 'slow';
}
/** A time of the server's in ms; 0 if it is none. */
const time = (told) => Math.max(0, told) || 0;
export class Channel {
    // The generated class sets these.
    /** Of the channel's wire: 16 hex digits. */
    static fingerprint = '';
    /** Types that have a rate: `[count, seconds, burst]`. */
    static rates = {};
    /** Types whose handler has a timeout, in ms. */
    static timeouts = {};
    /** Types that the server handles once, however often a message is sent. */
    static idempotent = {};
    /** If messages contain `bigint`s. */
    static bigints = undefined;
    #made = this.constructor;
    #path;
    #options;
    #retry;
    #url = '';
    #status = { state: 'idle' };
    #listeners = new Map();
    #answers = new Map();
    #pending = new Map();
    /** Requests that were given to no socket yet. */
    #queue = new Set();
    // Not looked up in the objects themselves, where a type called `constructor` is found always.
    #timeouts = new Map(Object.entries(this.#made.timeouts));
    #spent = new Map(Object.entries(this.#made.rates).map(([type, rate]) => [type, { rate, out: 0, level: 0, at: 0 }]));
    #ref = 0;
    /** Makes the `$id`s different from those of the user's other clients. */
    #own = '';
    /** Whether the server recognizes a message that is sent again. */
    #recognizes = false;
    /** By room, the path's own as `''`, in the order in which they were joined. */
    #positions = new Map();
    #most = Infinity;
    #socket;
    #attempt = 0;
    #hasOpened = false;
    #fault;
    /** The `$closing` of this connection, if there was one. */
    #closing = {};
    /** Not tried before, whatever the page does: the server said so. */
    #notBefore = 0;
    #token;
    #expires = Infinity;
    #asking;
    /** How the server refused the last token. */
    #refused;
    #heard = 0;
    #timers = {};
    /** Between `open()` and the end. */
    #isOpen = false;
    constructor(path, options = {}) {
        this.#path = path;
        this.#options = options;
        this.#retry = { ...RETRY, ...options.retry };
        const [at = '', seq] = options.at?.split(':') ?? [];
        if (seq)
            this.#positions.set('', { at, seq: +seq, had: +seq });
    }
    get status() { return this.#status; }
    /** Connects, and reconnects until it is closed. While it waits for the next try, that is now. */
    open() {
        if (this.#isOpen)
            this.#wake();
        else {
            this.#aim();
            this.#attempt = 0;
            this.#refused = undefined;
            this.#isOpen = true;
            this.#bind('addEventListener');
            this.#dial();
        }
        return this;
    }
    #aim() {
        const url = new URL(this.#options.url ?? globalThis.location?.href);
        url.protocol = url.protocol.replace('http', 'ws');
        url.pathname = (this.#options.url ? url.pathname.replace(/\/$/, '') : '') + this.#path;
        url.search = `${new URLSearchParams(this.#options.query)}`;
        url.hash = '';
        this.#url = url.href;
    }
    /** For good, until it is opened again. Requests without an answer are rejected. */
    close(reason = '') {
        this.#drop(reason.slice(0, 41)); // at most 123 bytes
        this.#end('us');
    }
    [Symbol.dispose]() { this.close(); }
    on(type, listener, { once, signal } = {}) {
        if (signal?.aborted)
            return () => { };
        const call = message => {
            if (once)
                off();
            listener(message);
        };
        const all = this.#listeners.get(type) ?? new Set();
        const off = () => {
            unwatch();
            if (all.delete(call) && !all.size)
                this.#listeners.delete(type);
        };
        const unwatch = whenAborted(signal, off);
        this.#listeners.set(type, all.add(call));
        return off;
    }
    /**
     * Answers the server's questions of this type, one function at a time; what it returns ends that. A question that nothing answers is
     * declined at once, and an answer that is made after its connection has ended is not sent.
     */
    answer(type, answer) {
        this.#answers.set(type, answer);
        return () => { if (this.#answers.get(type) === answer)
            this.#answers.delete(type); };
    }
    async #reply(question) {
        const socket = this.#socket;
        const { type, $ask } = question;
        const decline = ({ code, message, details }) => write({ type: 'error', $ask, code, message, details });
        let frame;
        try {
            const answer = this.#answers.get(type);
            if (!answer)
                throw new Fault('unknown_type', `nothing answers ${type}`);
            frame = write({ type: 'success', $ask, data: await answer(question) });
        }
        catch (error) {
            frame = decline(error instanceof Fault ? error : new Fault('internal', 'no answer'));
            if (!(error instanceof Fault))
                queueMicrotask(() => { throw error; });
        }
        const tooLong = this.#tooLong(frame);
        if (tooLong)
            frame = decline(new Fault('too_long', tooLong.message));
        if (socket && this.#socket === socket)
            socket.send(frame);
    }
    /** Several at once; with `satisfies Handlers<..>` none can be forgotten. */
    handle(handlers, options) {
        const offs = Object.entries(handlers).map(([type, listener]) => this.on(type, listener, options));
        return () => offs.forEach(off => off());
    }
    /** The messages of these types from now on, over all connections. Ends when the channel is closed; 1024 may wait to be read. */
    messages(...types) {
        const waiting = [];
        let ended = false;
        let wake = () => { };
        const end = (why) => {
            ended ||= why;
            offs.forEach(off => off());
            wake();
        };
        const offs = types.map(type => this.on(type, message => {
            if (waiting.push(message) === 1024)
                end(new Fault('overflow', 'too many messages wait'));
            wake();
        }));
        offs.push(this.on('$status', ({ state }) => { if (state === 'closed')
            end(true); }));
        if (this.#status.state === 'closed')
            end(true);
        return (async function* () {
            try {
                for (;;) {
                    while (waiting.length)
                        yield waiting.shift();
                    if (ended instanceof Fault)
                        throw ended;
                    if (ended)
                        return;
                    await new Promise(resolve => { wake = resolve; });
                }
            }
            finally {
                end(true);
            }
        })();
    }
    /** Sends now or not at all, and asks for no answer. False: it is not connected, or the type's rate is used up. */
    send(type, payload) {
        if (!this.#need())
            return false;
        const frame = write({ ...payload, type });
        if (this.#tooLong(frame) || this.#spend(type, 0, 1))
            return false;
        this.#socket.send(frame);
        return true;
    }
    /** Sends a binary message now or not at all. False: it is not connected, or the server takes none so long. */
    sendBinary(bytes) {
        if (!this.#need() || bytes.length > this.#most)
            return false;
        this.#socket.send(bytes);
        return true;
    }
    /** Sends as soon as there is a connection, and waits for the answer. */
    request(type, payload, call = {}) {
        return this.#request(type, payload, call);
    }
    #request(type, payload, { timeout, signal }, first = false) {
        const answer = new Promise((resolve, reject) => {
            signal?.throwIfAborted();
            if (!this.#isOpen)
                throw new NoAnswer('closed', 'the channel is closed');
            const ms = timeout ?? (this.#timeouts.get(type) ?? 8000) + 2000;
            const ref = ++this.#ref;
            const again = Object.hasOwn(this.#made.idempotent, type);
            if (again)
                this.#own ||= `${crypto.getRandomValues(new Uint32Array(3))}`;
            const frame = write({ ...payload, type, ref, ...again && { $id: `${this.#own}-${ref}` } });
            const tooLong = this.#tooLong(frame);
            if (tooLong)
                throw tooLong;
            let size = 0;
            for (const each of this.#queue)
                size += each.frame.length;
            if (!first && (this.#queue.size >= this.#retry.queue || size && size + frame.length > 1 << 18))
                throw new NoAnswer('unsent', 'too many requests wait');
            const pending = {
                type,
                frame,
                sent: false,
                again,
                settle: (error, value) => {
                    if (!this.#pending.delete(ref))
                        return;
                    clearTimeout(timer);
                    unwatch();
                    error === undefined ? resolve(value) : reject(error);
                    if (!this.#queue.delete(pending))
                        this.#spend(type, -1, 1);
                    if (this.#status.state === 'open')
                        this.#flush();
                },
            };
            const timer = later(() => pending.settle(new NoAnswer(pending.sent ? 'timeout' : 'unsent', `none in ${ms} ms`)), ms);
            const unwatch = whenAborted(signal, () => pending.settle(signal.reason));
            this.#pending.set(ref, pending);
            if (first)
                this.#say(pending);
            else {
                this.#queue.add(pending);
                if (this.#need())
                    this.#flush();
            }
        });
        answer.catch(() => { }); // who does not look at it did not want it: no unhandled rejection
        return answer;
    }
    /** In the order of the calls: what waits for its type's rate holds up what is behind it. */
    #flush() {
        for (const pending of this.#queue) {
            if (!this.#socket)
                return;
            const tooLong = this.#tooLong(pending.frame);
            const wait = tooLong ? 0 : this.#spend(pending.type, 1, 0);
            if (wait)
                return this.#time('pace', () => this.#flush(), wait);
            tooLong ? pending.settle(tooLong) : this.#say(pending);
        }
    }
    #say(pending) {
        this.#queue.delete(pending);
        pending.sent = true;
        this.#socket.send(pending.frame);
    }
    #tooLong(frame) {
        return frame.length * 3 > this.#most && new TextEncoder().encode(frame).length > this.#most
            ? new NoAnswer('unsent', `longer than ${this.#most} bytes`) : undefined;
    }
    /**
     * In how many ms one more of this type is within its rate; 0: it is, and was counted. What is sent counts until its answer
     * arrives and from then on, because nobody knows when in between the server counted it.
     */
    #spend(type, out, level) {
        const spent = this.#spent.get(type);
        if (!spent)
            return 0;
        const [count, seconds, burst] = spent.rate;
        const each = seconds * 1000 / count;
        const now = Date.now();
        spent.level = Math.max(0, spent.level - (now - spent.at) / each);
        spent.at = now;
        const over = spent.out + spent.level + 1 - burst;
        if (out >= 0 && over > 1e-6)
            return Math.ceil(over * each);
        spent.out += out;
        spent.level += level;
        return 0;
    }
    // One connection
    async #dial() {
        this.#clear();
        const { WebSocket = globalThis.WebSocket } = this.#options;
        const status = { state: 'connecting', attempt: this.#attempt };
        this.#fault = undefined;
        this.#closing = {};
        this.#time('connect', () => this.#lost('no connection'), this.#retry.connect);
        this.#set(status);
        if (this.#status !== status)
            return;
        try {
            if (Date.now() >= this.#expires)
                this.#token = undefined;
            if (this.#token === undefined)
                await this.#ask(this.#refused ? 'refused' : this.#expires < Infinity ? 'expiring' : 'first');
            if (this.#status !== status)
                return;
            if (this.#token == null && this.#refused)
                return this.#end('server', this.#refused); // there is no other
            const { fingerprint } = this.#made;
            const offers = ['channels.1.json', fingerprint ? `channels.hello.${fingerprint}` : 'channels.hello'];
            if (this.#token != null)
                offers.push(`channels.token.${encodeURIComponent(this.#token).replace(/[()]/g, c => c === '(' ? '%28' : '%29')}`);
            const socket = this.#socket = new WebSocket(this.#address(), offers);
            const mine = (act) => (event) => { if (this.#socket === socket)
                act(event); };
            socket.binaryType = 'arraybuffer';
            socket.onopen = mine(() => {
                this.#hasOpened = true;
                this.#time('enter', () => this.#enter(), 300); // an old server, which has not said anything
            });
            socket.onmessage = mine((event) => this.#hear(event.data));
            socket.onclose = mine((event) => this.#ended(event.code, event.reason));
            socket.onerror = mine(() => this.#lost('')); // Node 22 fires no `close` behind it
        }
        catch (error) {
            if (this.#status === status)
                this.#ended(1006, String(error));
        }
    }
    /** With the positions that fit into 2 KiB: that of the path's room, then the newest. */
    #address() {
        let query = '';
        for (const [room, { at, seq }] of [...this.#positions].reverse().sort(([a], [b]) => +!b - +!a)) {
            const one = `&$resume=${encodeURIComponent(`${at}:${seq}${room && `@${room}`}`)}`;
            if (query.length + one.length <= 2048)
                query += one;
        }
        return this.#url + (this.#url.includes('?') ? query : query.replace('&', '?'));
    }
    /** One call at a time. What it gave is kept. */
    #ask(why) {
        const { token = null } = this.#options;
        return this.#asking ??= (async () => {
            try {
                this.#token = typeof token === 'function' ? await token(why) : token;
                this.#expires = Infinity;
            }
            finally {
                this.#asking = undefined;
            }
        })();
    }
    /** It is in its room. A socket that is open is not: a client that is refused by a Close has one, too. */
    #enter(joined = {}) {
        const socket = this.#socket;
        if (!socket)
            return; // a listener of this frame has closed it
        const { type, $room: room = '', id = '', at, seq, resumed, fresh = resumed === undefined, outdated } = joined;
        const compatible = outdated === 'compatible';
        if (this.#status.state !== 'open') {
            this.#recognizes = type && (compatible || !outdated);
            this.#clear();
            this.#heard = Date.now();
            this.#time('uptime', () => { this.#attempt = 0; this.#refused = undefined; }, this.#retry.uptime);
            this.#watch();
            this.#call(this.#options.greet, (type, payload) => {
                this.#spend(type, 0, 1);
                socket.send(write({ ...payload, type }));
            });
            if (this.#socket !== socket)
                return;
            for (const { again, sent, frame, settle } of [...this.#pending.values()]) {
                if (again && sent)
                    this.#recognizes ? socket.send(frame) : settle(lost());
            }
            this.#flush();
            this.#set({ state: 'open' });
        }
        else if (!type)
            return;
        if (this.#socket !== socket)
            return;
        const had = !fresh && this.#positions.get(room)?.seq || 0;
        this.#positions.delete(room);
        if (at)
            this.#positions.set(room, { at, seq: fresh ? seq : had, had });
        // More than have a place in a URL.
        for (const old of this.#positions.keys())
            if (old && this.#positions.size > 100)
                this.#positions.delete(old);
        this.#emit('$joined', { type: '$joined', id, room: room || undefined, fresh, resumed, outdated });
        if (outdated)
            this.#emit('$outdated', { compatible, how: outdated });
    }
    #hear(data) {
        this.#heard = Date.now();
        if (typeof data !== 'string') {
            this.#fault = undefined;
            this.#enter();
            return void this.#emit('$binary', new Uint8Array(data));
        }
        let message;
        let type;
        let pending;
        let isAnswer;
        const exact = new Map();
        try {
            // ES2025 has the source. Most texts have no long run of digits, and are read without.
            message = JSON.parse(data, /\d{16}/.test(data) ? function (key, value, context) {
                const text = context?.source;
                if (typeof value === 'number' && /^-?\d+$/.test(text ?? `${value}`) && (text ? BigInt(text) !== BigInt(value) : !Number.isSafeInteger(value))) {
                    if (!exact.has(this))
                        exact.set(this, new Map());
                    exact.get(this).set(key, text);
                }
                return value;
            } : undefined);
            type = message['type'];
            if (typeof type !== 'string')
                throw 'no type';
            pending = this.#pending.get(message['ref']);
            isAnswer = type === 'success';
            this.#made.bigints?.(message, isAnswer ? `=${pending?.type}` : type, exact);
        }
        catch (error) {
            return void this.#emit('error', new Fault('malformed', String(error)));
        }
        const { ref } = message;
        for (const lost of exact.values()) {
            for (const [key, text] of lost)
                this.#emit('error', new Fault('unsafe_integer', `${type}: ${key} has lost digits`, { key, text }));
        }
        const fault = type === 'error' ? new Fault(message['code'], message['message'], message['details']) : undefined;
        if (type[0] !== '$') {
            this.#fault = ref === undefined ? fault : undefined; // the last one before a Close says why
            if (!fault)
                this.#enter();
        }
        if (ref === 0)
            return; // a probe's: that it arrived is all it says
        if (pending)
            return pending.settle(fault, isAnswer ? message['data'] : message);
        if (message['$ask'])
            return void this.#reply(message);
        if (fault)
            return void this.#emit('error', fault);
        if (type === '$hello') {
            clearTimeout(this.#timers.enter);
            this.#retry.silence = this.#options.retry?.silence ?? (time(message['ping_ms']) || this.#retry.silence);
            this.#most = message['max_bytes'] ?? Infinity;
        }
        else if (type === '$joined')
            this.#enter(message);
        else if (type === '$closing')
            this.#closing = message;
        else if (type === '$auth_expiring') {
            this.#expires = Date.now() + (message['in_ms'] ?? Infinity);
            this.#renew();
        }
        else if (type === '$presence')
            this.#emit(type, message);
        else if (!isAnswer && type[0] !== '$') {
            const { $seq: seq, $room: room = '' } = message;
            const position = seq && this.#positions.get(room);
            if (seq <= position?.had)
                return;
            this.#emit('$message', message);
            if (!this.#emit(type, message))
                this.#emit('$unheard', message);
            if (position)
                position.seq = position.had = seq;
        }
    }
    async #renew() {
        const socket = this.#socket;
        if (typeof this.#options.token !== 'function')
            return;
        try {
            await this.#ask('expiring');
            if (this.#token == null || socket !== this.#socket)
                return;
            const data = await this.#request('$auth', { token: this.#token }, {}, true);
            this.#expires = Date.now() + (data?.expires_in_ms ?? Infinity);
        }
        catch (error) {
            if (error instanceof Fault)
                this.#emit('error', error); // else the server closes with 4401
        }
    }
    #ended(code, reason) {
        this.#clear();
        this.#socket = undefined;
        const fault = this.#fault;
        const told = { ...this.#closing, ...fault?.details };
        const after = time(told['retry_after_ms']);
        const last = { code, reason, fault };
        // So many of a user's newest does the server recognize.
        let kept = this.#recognizes ? 64 : 0;
        for (const { sent, again, settle } of [...this.#pending.values()].reverse())
            if (sent && !(again && kept-- > 0))
                settle(lost());
        const { to } = this.#closing;
        const moved = to?.[0] === '/';
        if (moved) {
            this.#path = to;
            this.#aim();
            this.#positions.delete('');
            // What was asked was asked in the room before.
            for (const { sent, settle } of [...this.#pending.values()])
                settle(sent ? lost() : new NoAnswer('moved', 'moved'));
        }
        const way = moved ? 'soon' : verdict(code, fault);
        if (way === 'idle') {
            this.#attempt = 0;
            return this.#pending.size ? void this.#dial() : this.#set({ state: 'idle' });
        }
        if (way === 'token') {
            this.#token = undefined;
            if (typeof this.#options.token === 'function' && !this.#refused) {
                this.#refused = last;
                return void this.#dial();
            }
        }
        if (way === 'token' || way === 'final') {
            this.#end('server', last);
            return void (code === 4426 && this.#emit('$outdated', { compatible: false, how: 'breaks' }));
        }
        const { base, cap } = this.#retry;
        const n = this.#attempt++;
        const most = moved && !n ? 0 : Math.min(cap, (way === 'slow' ? 5 : 1) * base * 1.7 ** n);
        if (this.#attempt === 3 && !this.#hasOpened)
            console.warn(`${this.#url} never opened: wrong address or origin?`);
        this.#notBefore = Date.now() + after;
        let wait = after + Math.random() * Math.max(most, time(told['retry_window_ms']));
        const hidden = moved ? 'same' : this.#options.hidden ?? 'slow';
        const why = globalThis.navigator?.onLine === false ? 'offline'
            : hidden !== 'same' && globalThis.document?.visibilityState === 'hidden' ? 'hidden' : 'lost';
        if (why === 'hidden' && hidden === 'wait')
            wait = Infinity;
        // Offline, too: `onLine` may be wrong, hence not never.
        else if (why !== 'lost')
            wait = Math.max(wait, 60_000 * (1 + Math.random()));
        this.#wait(wait, why, last);
        if (moved)
            this.#emit('$moved', to);
    }
    #wait(ms, why, last) {
        if (ms < Infinity)
            this.#time('next', () => this.#dial(), ms);
        this.#set({ state: 'waiting', attempt: this.#attempt, until: Date.now() + ms, why, last });
    }
    #lost(reason) {
        this.#drop(reason);
        this.#ended(1006, reason);
    }
    /** No event of it is heard any more, whenever the browser closes it. */
    #drop(reason) {
        const socket = this.#socket;
        this.#socket = undefined;
        socket?.close(1000, reason);
    }
    #end(by, last) {
        this.#clear();
        this.#isOpen = false;
        this.#bind('removeEventListener');
        const all = [...this.#pending.values()]; // before a listener opens it again
        this.#set({ state: 'closed', by, ...last && { last } });
        for (const { sent, settle } of all)
            settle(sent ? lost() : last?.fault ?? new NoAnswer('closed', last?.reason || 'the channel is closed'));
    }
    // Whether the server still answers
    #watch() {
        // A ping arrives a little later than it was sent.
        const due = this.#heard + this.#retry.silence + 2000 - Date.now();
        if (due > 0)
            this.#time('watch', () => this.#watch(), due);
        else
            this.#probe(this.#retry.probe);
    }
    /** Also after a sleep, of whose length no timer tells: a late timer asks, and does not end the connection. */
    #probe(within) {
        const asked = Date.now();
        this.#socket.send('{"type":"$ping","ref":0}');
        this.#time('watch', () => {
            if (this.#heard >= asked)
                this.#watch();
            else if (Date.now() - asked > within + 1000)
                this.#probe(within);
            else
                this.#lost('no answer');
        }, within);
    }
    /** Something has changed: connects now, or asks whether the connection still is one. */
    #wake() {
        const status = this.#status;
        const wait = this.#notBefore - Date.now();
        if (status.state === 'open')
            this.#probe(5000);
        else if (status.state !== 'waiting')
            this.#need();
        else if (wait > 0)
            this.#wait(wait, 'lost', status.last);
        else if (globalThis.navigator?.onLine !== false)
            this.#dial();
    }
    /** Whether it is connected. If the server closed it because it was idle, it connects now. */
    #need() {
        if (this.#isOpen && this.#status.state === 'idle')
            this.#dial();
        return this.#status.state === 'open';
    }
    #bind(verb) {
        for (const type of 'online offline pageshow pagehide visibilitychange resume'.split(' '))
            globalThis[verb]?.(type, this.#page, true);
    }
    #page = ({ type, persisted }) => {
        // A browser cuts the sockets of a page that it keeps for `back`, or does not keep the page.
        if (type === 'pagehide')
            persisted && this.#socket && this.#lost('page kept');
        else if (type[0] !== 'v' || document.visibilityState === 'visible')
            this.#wake();
    };
    #clear() {
        for (const timer of Object.values(this.#timers))
            clearTimeout(timer);
        this.#timers = {};
    }
    #time(name, act, ms) {
        clearTimeout(this.#timers[name]);
        this.#timers[name] = later(act, ms);
    }
    #set(status) {
        this.#status = status;
        this.#emit('$status', status);
    }
    #emit(type, message) {
        const all = [...this.#listeners.get(type) ?? []];
        for (const listener of all)
            this.#call(listener, message);
        return all.length > 0;
    }
    /** One listener's error is nobody else's. */
    #call(listener, message) {
        try {
            listener?.(message);
        }
        catch (error) {
            queueMicrotask(() => { throw error; });
        }
    }
}
/** Who is present, kept up to date as the channel is told. */
export function whoIsPresent(channel) {
    const all = Object.assign(new Map(), { count: 0, isWhole: false });
    channel.on('$presence', ({ count, here, in: came, out }) => {
        all.count = count;
        all.isWhole = !!(here ?? came ?? out);
        if (here || !all.isWhole)
            all.clear();
        const change = (user, gone, now) => {
            const seen = [...(all.get(user) ?? []).filter(({ id }) => !gone.includes(id)), ...now];
            seen.length ? all.set(user, seen) : all.delete(user);
        };
        for (const [user, gone] of Object.entries(out ?? {}))
            change(user, gone, []);
        for (const [user, seen] of Object.entries(here ?? came ?? {}))
            change(user, seen.map(({ id }) => id), seen);
    });
    return all;
}

export class ChatChannel extends Channel {
  static fingerprint = 'b762b4fc8b70fe02'
  present = whoIsPresent(this)
  constructor(params, options) { super(`/chat/${segment(params.room_id)}`, options) }
  chatMessage(message, call) { return this.request('chat_message', message, call) }
  typingStart(call) { return this.request('typing_start', {}, call) }
  typingStop(call) { return this.request('typing_stop', {}, call) }
  look(message, call) { return this.request('look', message, call) }
  ping(call) { return this.request('ping', {}, call) }
}
