// Channels in React: one connection for all components that use the same one.
import { useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from 'react';
const shared = new WeakMap();
/**
 * The channel with these parameters, connected while a component uses it. The first component's options count. It is opened in an
 * effect, never while rendering or on a server, and closed a second after its last user has gone, so that a remount finds it open. If the
 * server moves it to another room, its users keep it, and who uses these parameters from then on has another one.
 */
export function useChannel(Of, ...all) {
    // A class without parameters takes its options alone.
    const key = Of.length < 2 ? '' : JSON.stringify(all[0], (_, value) => typeof value === 'bigint' ? `${value}` : value);
    const [entry, entries, drop] = useMemo(() => {
        const entries = shared.get(Of) ?? new Map();
        shared.set(Of, entries);
        let entry = entries.get(key);
        const drop = () => { if (entries.get(key) === entry)
            entries.delete(key); };
        if (!entry) {
            const made = entry = { channel: new Of(...all), users: 0 };
            made.channel.on('$moved', () => { made.moved = true; drop(); });
            entries.set(key, entry);
            entry.end = setTimeout(drop, 1000); // a render that React throws away has no effects
        }
        return [entry, entries, drop];
    }, [Of, key]);
    useEffect(() => {
        clearTimeout(entry.end);
        if (!entry.moved && !entries.has(key))
            entries.set(key, entry);
        if (entry.users++ === 0)
            entry.channel.open();
        return () => {
            if (--entry.users > 0)
                return;
            entry.end = setTimeout(() => {
                drop();
                entry.channel.close();
            }, 1000);
        };
    }, [entry]);
    return entry.channel;
}
/** Calls the listener of the newest render for each message of this type. */
export function useMessage(channel, type, listener) {
    const newest = useRef(listener);
    useEffect(() => { newest.current = listener; });
    useEffect(() => channel.on(type, message => newest.current(message)), [channel, type]);
}
/** Answers the server's questions of this type with the function of the newest render. */
export function useAnswer(channel, type, answer) {
    const newest = useRef(answer);
    useEffect(() => { newest.current = answer; });
    useEffect(() => channel.answer(type, question => newest.current(question)), [channel, type]);
}
/** The channel's status, at each change of it. */
export function useStatus(channel) {
    const status = () => channel.status;
    return useSyncExternalStore(useMemo(() => changed => channel.on('$status', changed), [channel]), status, status);
}
/** Who is present in the channel's room, by user: another map at each change of it. */
export function usePresent(channel) {
    const read = ({ present }) => ({ of: channel, now: Object.assign(new Map(present), { count: present.count, isWhole: present.isWhole }) });
    const [held, set] = useState(() => read(channel));
    useEffect(() => {
        set(read(channel)); // what was told since the render
        return channel.on('$presence', () => set(read(channel)));
    }, [channel]);
    return held.of === channel ? held.now : channel.present;
}
/**
 * What the room's messages make of a state, from the mount on: the reducer is given each message, and `$joined` at each new connection.
 * The state is `initial` again if the path's room is `fresh`, because the messages before are out of date, and it goes on if all that was
 * missed follows. Another channel begins with `initial`, too.
 */
export function useRoomState(channel, initial, reducer) {
    const of = (held, channel) => held.channel === channel ? held.state : initial;
    const isFresh = ({ type, fresh, room }) => type === '$joined' && fresh && !room;
    const [held, dispatch] = useReducer((held, [from, message]) => ({ channel: from, state: reducer(isFresh(message) ? initial : of(held, from), message) }), { channel, state: initial });
    useEffect(() => {
        const hear = (message) => dispatch([channel, message]);
        const offs = [channel.on('$joined', hear), channel.on('$message', hear)];
        return () => offs.forEach(off => off());
    }, [channel]);
    return of(held, channel);
}
