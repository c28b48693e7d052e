import type { Answerer, Channel, Hears, Joined, Protocol, Status, WhoIsPresent } from './core.js';
/**
 * The channel with these parameters, connected while a component uses it. The first component's options count. It is opened in an
 * effect, never while rendering or on a server, and closed a second after its last user has gone, so that a remount finds it open. If the
 * server moves it to another room, its users keep it, and who uses these parameters from then on has another one.
 */
export declare function useChannel<T extends new (...all: any[]) => Channel<any>>(Of: T, ...all: ConstructorParameters<T>): InstanceType<T>;
/** Calls the listener of the newest render for each message of this type. */
export declare function useMessage<P extends Protocol, K extends keyof P['hears'] & string>(channel: Channel<P>, type: K, listener: (message: P['hears'][K]) => void): void;
/** Answers the server's questions of this type with the function of the newest render. */
export declare function useAnswer<P extends Protocol, K extends keyof NonNullable<P['asks']> & string>(channel: Channel<P>, type: K, answer: Answerer<P, K>): void;
/** The channel's status, at each change of it. */
export declare function useStatus(channel: Channel<any>): Status;
/** Who is present in the channel's room, by user: another map at each change of it. */
export declare function usePresent<S extends object>(channel: Channel<any> & {
    readonly present: WhoIsPresent<S>;
}): WhoIsPresent<S>;
/**
 * What the room's messages make of a state, from the mount on: the reducer is given each message, and `$joined` at each new connection.
 * The state is `initial` again if the path's room is `fresh`, because the messages before are out of date, and it goes on if all that was
 * missed follows. Another channel begins with `initial`, too.
 */
export declare function useRoomState<P extends Protocol, S>(channel: Channel<P>, initial: S, reducer: (state: S, message: Hears<P> | Joined) => S): S;
