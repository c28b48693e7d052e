// Made from Rust by channel-runtime: change the Rust. fingerprint b762b4fc8b70fe02 contents a8fab2f1457bfaa4
declare global {
    interface SymbolConstructor {
        readonly dispose: unique symbol;
    }
}
/** What a channel is, as types alone: nothing of it exists at run time. */
export interface Protocol {
    /** What clients send: payloads by `type`. */
    says: object;
    /** What clients receive: messages by `type`, which each message contains. */
    hears: object;
    /** What answers a request, by the request's `type`. A type that is absent is answered by nothing: `void`. */
    answers: object;
    /** By the request's `type`: the details of the faults of its handler by their codes. `'*'`: other codes, too. */
    faults: object;
    /** What a client answers to questions of the server, by the question's `type`. */
    asks?: object;
    /** What is seen of a connection of somebody who is present. */
    seen?: object;
}
type Key<T> = keyof T & string;
type Asks<P extends Protocol> = NonNullable<P['asks']>;
type FaultOf<T> = {
    [K in Key<T>]: Fault<K extends '*' ? string : K, T[K]>;
}[Key<T>];
export type AnswerTo<P extends Protocol, K> = K extends keyof P['answers'] ? P['answers'][K] : void;
export type FaultsOf<P extends Protocol, K> = K extends keyof P['faults'] ? FaultOf<P['faults'][K]> : never;
/** All messages that a client receives, as a union by `type`. */
export type Hears<P extends Protocol> = P['hears'][keyof P['hears']];
/** Of all messages but the server's questions, which `answer` is for: those are heard only where they are sent without being asked. */
export type Handlers<P extends Protocol> = {
    [K in Exclude<Key<P['hears']>, Key<Asks<P>>>]: (message: P['hears'][K]) => void;
} & {
    [K in Key<P['hears']> & Key<Asks<P>>]?: (message: P['hears'][K]) => void;
};
declare const faults: unique symbol;
/** The promise of an answer to a request of the type `K`. It rejects with a `Fault` or with `NoAnswer`, typed for `attempt`. */
export type Answer<P extends Protocol, K extends Key<P['says']>> = Promise<AnswerTo<P, K>> & {
    readonly [faults]?: [FaultsOf<P, K>];
};
/** Details of the framework's own faults, with which any request may be answered. */
export interface OwnFaults {
    malformed: {
        line: number;
        column: number;
    } | undefined;
    unknown_type: undefined;
    invalid_payload: {
        path?: string;
        line?: number;
        column?: number;
    } | undefined;
    validation: {
        fields: {
            path: string;
            message: string;
        }[];
    } | undefined;
    rate_limited: {
        retry_after_ms: number;
    } | undefined;
    unauthorized: undefined;
    forbidden: undefined;
    not_found: undefined;
    refused: {
        status: number;
    } | undefined;
    unavailable: {
        retry_after_ms: number;
    } | undefined;
    timeout: {
        id: string;
    } | undefined;
    internal: {
        id: string;
    };
}
/** The server's answer that it did not do it; `malformed`, `overflow` and `unsafe_integer` are also made here. */
export declare class Fault<C extends string = string, D = unknown> extends Error {
    readonly name = "Fault";
    readonly kind = "fault";
    readonly code: C;
    readonly details: D;
    constructor(code: C, message: string, details?: D);
}
/** Why there is no answer. Only after `lost` and `timeout` it may have been done; `moved` was for the room before, and was not sent. */
export type NoAnswerKind = 'lost' | 'unsent' | 'timeout' | 'closed' | 'moved';
export declare class NoAnswer extends Error {
    readonly name = "NoAnswer";
    readonly kind: NoAnswerKind;
    constructor(kind: NoAnswerKind, message: string);
}
export type Outcome<T, F> = {
    ok: true;
    value: T;
} | {
    ok: false;
    error: F | FaultOf<OwnFaults> | NoAnswer;
};
/** The answer, or why there is none, without a `try`. What is neither, such as an abort's reason, is thrown. */
export declare function attempt<T, F = never>(answer: Promise<T> & {
    readonly [faults]?: [F];
}): Promise<Outcome<T, F>>;
/** How a connection ended: the Close, or 1006 for a connection that was lost, and the fault that the server sent before it. */
export interface Ended {
    readonly code: number;
    readonly reason: string;
    readonly fault?: Fault | undefined;
}
export type Status = 
/** Not opened yet, or closed by the server because nothing was sent: the next request connects. */
{
    readonly state: 'idle';
} | {
    readonly state: 'connecting';
    readonly attempt: number;
} | {
    readonly state: 'open';
}
/** `until`: when it tries again, in ms since 1970. `Infinity`: when the page is shown. */
 | {
    readonly state: 'waiting';
    readonly attempt: number;
    readonly until: number;
    readonly why: 'lost' | 'offline' | 'hidden';
    readonly last: Ended;
}
/** For good, until `open()`. */
 | {
    readonly state: 'closed';
    readonly by: 'us' | 'server';
    readonly last?: Ended;
};
/** The client is in its room, or in a declared one that has a history. */
export interface Joined {
    readonly type: '$joined';
    /** The connection's id; empty if the server sends none. */
    readonly id: string;
    /** Of a declared room. */
    readonly room: string | undefined;
    /** False if the room goes on where the client left it. Otherwise what was received before is out of date: why, or true without a history. */
    readonly fresh: boolean | 'first' | 'expired' | 'replaced' | 'too_far';
    /** How many messages were sent meanwhile, which follow. */
    readonly resumed: number | undefined;
    /** The client is not of the server's version: whether it still works. */
    readonly outdated: 'compatible' | 'breaks' | 'unknown' | undefined;
}
export interface OwnEvents<P extends Protocol = Protocol> {
    $status: Status;
    $joined: Joined;
    /** The client is not of the server's version. If it is not `compatible`, the page should be reloaded. */
    $outdated: {
        compatible: boolean;
        how: 'compatible' | 'breaks' | 'unknown';
    };
    $binary: Uint8Array;
    /** Who is present has changed, and `present` with it. */
    $presence: PresenceTold<NonNullable<P['seen']>>;
    /** Each message, before the listeners of its type. */
    $message: Hears<P>;
    /** A message to which nobody listens; a newer server sends such. */
    $unheard: {
        type: string;
    };
    /** The server moves the client to another room of its channel, whose path this is. What was asked before has failed. */
    $moved: string;
    /** A fault that answers no request. */
    error: Fault;
}
/** All who are present are `here`; or who has come, or is seen otherwise, is `in`, and who has gone is `out`, by user. */
export interface PresenceTold<S> {
    /** How many users are present. With nothing else, the number alone is told. */
    readonly count: number;
    readonly here?: {
        readonly [user: string]: readonly (S & {
            readonly id: string;
        })[];
    };
    readonly in?: {
        readonly [user: string]: readonly (S & {
            readonly id: string;
        })[];
    };
    readonly out?: {
        readonly [user: string]: readonly string[];
    };
}
/** By user: what is seen of each of the user's connections. An `id` stays when the user comes back after a loss. */
export interface WhoIsPresent<S> extends ReadonlyMap<string, readonly (S & {
    readonly id: string;
})[]> {
    /** How many users are present. */
    readonly count: number;
    /** False if the number alone is known: in a large room, and before the client is in its room for the first time. */
    readonly isWhole: boolean;
}
export interface Call {
    /** In ms from the call, the wait for a connection included. Default: 10 s, or 2 s more than the handler's own. */
    timeout?: number;
    signal?: AbortSignal;
}
export interface Listening {
    once?: boolean;
    signal?: AbortSignal;
}
export type Token = string | null | ((why: 'first' | 'expiring' | 'refused') => string | null | Promise<string | null>);
export interface Options<P extends Protocol = Protocol> {
    /** The server's address, which may contain a path below which it is mounted. Default: the page's host. */
    url?: string | URL;
    /** A function is called for the first connection, and again only if its token expires or is refused; `null` then ends it. */
    token?: Token;
    query?: Record<string, string>;
    /** The position that a page came with: what was sent to the room since then follows. */
    at?: string;
    /** Sends first on each new connection, before what waits. */
    greet?: (say: <K extends Key<P['says']>>(type: K, payload: P['says'][K]) => void) => void;
    /** A hidden page that lost its connection tries again every one to two minutes (`slow`), when shown (`wait`), or as any other. */
    hidden?: 'slow' | 'wait' | 'same';
    retry?: Partial<typeof RETRY>;
    WebSocket?: WebSocketClass;
}
export type WebSocketClass = new (url: string, protocols: string[]) => Socket;
interface Socket {
    binaryType: string;
    onopen: unknown;
    onmessage: unknown;
    onclose: unknown;
    onerror: unknown;
    send(data: any): void;
    close(code?: number, reason?: string): void;
}
/** A function that answers a question of the type `K`, now or later. What it throws declines it: a `Fault` of yours with its code. */
export type Answerer<P extends Protocol, K extends Key<Asks<P>>> = (question: K extends keyof P['hears'] ? P['hears'][K] : never) => Asks<P>[K] | Promise<Asks<P>[K]>;
/** In ms; `queue`: how many requests may wait. */
declare const RETRY: {
    base: number;
    cap: number;
    connect: number;
    uptime: number;
    silence: number;
    probe: number;
    queue: number;
};
/** A path's parameter as its segment. What a URL can't carry is an error here, and no connection to elsewhere. */
export declare function segment(value: string | number | bigint | boolean): string;
/** Integers that lose digits as a double, as their text has them, by the objects that they stand in and their keys. */
type Exact = Map<object, Map<string, string | undefined>>;
/**
 * Makes `bigint`s of the integers at the paths: by the type of the message, or, in `data` of an answer, by the request's type behind
 * `=`. A path's parts are keys, whose `.`, `*` and `%` are percent-encoded, `*` for any and `**` for any depth.
 */
export declare function bigints(paths: Record<string, readonly string[]>): (message: object, name: string, exact: Exact) => void;
export declare class Channel<P extends Protocol> {
    #private;
    /** Of the channel's wire: 16 hex digits. */
    static readonly fingerprint: string;
    /** Types that have a rate: `[count, seconds, burst]`. */
    static readonly rates: Record<string, readonly number[]>;
    /** Types whose handler has a timeout, in ms. */
    static readonly timeouts: Record<string, number>;
    /** Types that the server handles once, however often a message is sent. */
    static readonly idempotent: Record<string, boolean>;
    /** If messages contain `bigint`s. */
    static readonly bigints: ReturnType<typeof bigints> | undefined;
    constructor(path: string, options?: Options<P>);
    get status(): Status;
    /** Connects, and reconnects until it is closed. While it waits for the next try, that is now. */
    open(): this;
    /** For good, until it is opened again. Requests without an answer are rejected. */
    close(reason?: string): void;
    [Symbol.dispose](): void;
    /** Calls for each message of this type; what it returns ends that. */
    on<K extends Key<P['hears']>>(type: K, listener: (message: P['hears'][K]) => void, options?: Listening): () => void;
    on<K extends keyof OwnEvents>(type: K, listener: (event: OwnEvents<P>[K]) => void, options?: Listening): () => void;
    /**
     * Answers the server's questions of this type, one function at a time; what it returns ends that. A question that nothing answers is
     * declined at once, and an answer that is made after its connection has ended is not sent.
     */
    answer<K extends Key<Asks<P>>>(type: K, answer: Answerer<P, K>): () => void;
    /** Several at once; with `satisfies Handlers<..>` none can be forgotten. */
    handle(handlers: Partial<Handlers<P>>, options?: Listening): () => void;
    /** The messages of these types from now on, over all connections. Ends when the channel is closed; 1024 may wait to be read. */
    messages<K extends Key<P['hears']>>(...types: K[]): AsyncGenerator<P['hears'][K], void, void>;
    /** Sends now or not at all, and asks for no answer. False: it is not connected, or the type's rate is used up. */
    send<K extends Key<P['says']>>(type: K, payload: P['says'][K]): boolean;
    /** Sends a binary message now or not at all. False: it is not connected, or the server takes none so long. */
    sendBinary(bytes: Uint8Array): boolean;
    /** Sends as soon as there is a connection, and waits for the answer. */
    request<K extends Key<P['says']>>(type: K, payload: P['says'][K], call?: Call): Answer<P, K>;
}
/** Who is present, kept up to date as the channel is told. */
export declare function whoIsPresent<S extends object>(channel: Channel<any>): WhoIsPresent<S>;
export {};

/** What the others see of each tab of a user. */
export interface Seen { away: boolean }

/** What a client sends .. */
export interface ChatMessage { message: string }

/** The page was hidden, or is shown again. */
export interface Look { away: boolean }

/** The first message to everyone who connects. */
export interface System {
  type: 'system'
  message: string
  /** The client's own id, by which it recognizes its own lines. */
  user_id: string
  count: number
  timestamp: string
}

/**
 * Not kept for who comes later: the next count replaces it, and the welcome has one.
 *
 * Not sent to a client that is behind.
 */
export interface UserJoined { type: 'user_joined'; message: string; count: number }

/** Not sent to a client that is behind. */
export interface UserLeft { type: 'user_left'; message: string; count: number }

/** .. and what the room receives. Two structs may share a wire type if one is received and the other sent. */
export interface ChatLine { type: 'chat_message'; message: string; user_id: string; timestamp: string }

/**
 * Not for a client that is behind, which hears the next one.
 *
 * Not sent to a client that is behind.
 */
export interface UserTyping { type: 'user_typing'; user_id: string; timestamp: string }

/** Not sent to a client that is behind. */
export interface UserStoppedTyping { type: 'user_stopped_typing'; user_id: string; timestamp: string }

export interface Pong { type: 'pong'; timestamp: string }

export interface ChatChannelProtocol extends Protocol {
  says: { chat_message: ChatMessage; typing_start: {}; typing_stop: {}; look: Look; ping: {} }
  hears: {
    system: System
    user_joined: UserJoined
    user_left: UserLeft
    chat_message: ChatLine
    user_typing: UserTyping
    user_stopped_typing: UserStoppedTyping
    pong: Pong
  }
  answers: { ping: Pong }
  faults: { chat_message: { '*': unknown } }
  /** Of a connection of somebody who is present. */
  seen: Seen
}

/**
 * `/chat/:room_id`
 *
 * Takes `name` in `options.query`.
 */
export declare class ChatChannel extends Channel<ChatChannelProtocol> {
  /** Who is in the room, by user. */
  readonly present: WhoIsPresent<Seen>
  constructor(params: { room_id: string }, options?: Options<ChatChannelProtocol>)
  /** What a client sends .. */
  chatMessage(message: ChatMessage, call?: Call): Answer<ChatChannelProtocol, 'chat_message'>
  typingStart(call?: Call): Answer<ChatChannelProtocol, 'typing_start'>
  typingStop(call?: Call): Answer<ChatChannelProtocol, 'typing_stop'>
  /** The page was hidden, or is shown again. */
  look(message: Look, call?: Call): Answer<ChatChannelProtocol, 'look'>
  /** What a handler returns is the answer to the sender. */
  ping(call?: Call): Answer<ChatChannelProtocol, 'ping'>
}
