// As much of React as the hooks use, without a page: a component is a function, rendered when the test says so.

let rendered

const isSame = (before, now) => before?.length === now?.length && before?.every((each, n) => Object.is(each, now[n]))

/** Renders a component, and runs its effects. */
export function mount(component) {
  const places = []
  const mounted = {
    render() {
      rendered = { places, at: 0, effects: [] }
      mounted.shown = component()
      for (const effect of rendered.effects) effect()
    },
    unmount() { for (const { end } of places) end?.() },
  }
  mounted.render()
  return mounted
}

const place = () => rendered.places[rendered.at++] ??= {}

export function useMemo(make, inputs) {
  const here = place()
  if (!('made' in here) || !isSame(here.inputs, inputs)) Object.assign(here, { made: make(), inputs })
  return here.made
}

export function useEffect(act, inputs) {
  const here = place()
  if ('end' in here && isSame(here.inputs, inputs)) return
  rendered.effects.push(() => {
    here.end?.()
    Object.assign(here, { end: act(), inputs })
  })
}

const absent = () => { throw new Error('this is no whole React') }
export { absent as useReducer, absent as useRef, absent as useState, absent as useSyncExternalStore }
