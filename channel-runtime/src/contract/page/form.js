// A form of a schema: JSON Schema draft-07, as far as the printer of the contract uses it. `field` makes an element and a function
// that reads the value; what is optional, or one of several, is made when it is asked for, so that a type may contain itself.

let numbers = 0

/** An element. `on..` are listeners, `text` its text, all else are attributes; `false` and `undefined` are none. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else if (key === 'text') element.textContent = value
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value)
  }
  element.append(...children.filter(child => child !== undefined))
  return element
}

/** What a value can't be, said to a person. */
export class Unfit extends Error {}

export class Form {
  /** `resolve` returns the schema of a `$ref`. */
  constructor(resolve) {
    this.resolve = resolve
  }

  /** The schema itself, for a reference to one or a reference with docs. */
  plain(schema) {
    if (schema === true || schema === undefined) return {}
    if (schema === false) return { not: {} }
    if (schema.$ref) return this.plain(this.resolve(schema.$ref))
    if (schema.allOf?.length === 1 && !schema.properties) return { ...this.plain(schema.allOf[0]), ...(schema.description && { description: schema.description }) }
    return schema
  }

  /** A field with a label: `{ element, read }`. `initial` is a value or `undefined`. */
  field(label, schema, initial, hint = schema?.description) {
    const plain = this.plain(schema)
    hint ??= plain.description
    if ('const' in plain) return { element: make('span', { hidden: true }), read: () => plain.const }
    if (plain.enum) return this.labelled(label, hint, this.choice(plain.enum, initial))
    if (plain.oneOf || plain.anyOf && plain.type === undefined) return this.oneOf(label, hint, plain.oneOf ?? plain.anyOf, initial)
    switch (plain.type) {
      case 'object': return this.object(label, hint, plain, initial)
      case 'array': return this.array(label, hint, plain, initial)
      case 'boolean': return this.checkbox(label, hint, initial)
      case 'integer': case 'number': return this.labelled(label, hint, this.number(plain, initial))
      case 'string': return this.labelled(label, hint, this.text(plain, initial))
      case 'null': return { element: make('p', { class: 'hint', text: `${label}: null` }), read: () => null }
      default: return plain.allOf ? this.object(label, hint, plain, initial) : this.labelled(label, hint, this.json(initial))
    }
  }

  labelled(label, hint, { input, read }) {
    input.id = `field-${++numbers}`
    const about = hint && make('div', { class: 'hint', id: `${input.id}-hint`, text: hint })
    if (about) input.setAttribute('aria-describedby', about.id)
    return { element: make('div', { class: 'field' }, make('label', { for: input.id, text: label }), input, about || undefined), read, input }
  }

  choice(values, initial) {
    const input = make('select', {}, ...values.map(value => make('option', { text: String(value), selected: value === initial })))
    return { input, read: () => values[input.selectedIndex] }
  }

  checkbox(label, hint, initial) {
    const input = make('input', { type: 'checkbox', checked: initial === true })
    const element = make('div', { class: 'field' }, make('label', { class: 'beside' }, input, label), hint ? make('div', { class: 'hint', text: hint }) : undefined)
    return { element, read: () => input.checked }
  }

  number({ type, minimum, maximum }, initial) {
    // In digits, which `1e21` is not.
    const text = Number.isInteger(initial) ? BigInt(initial) : initial
    const input = make('input', { type: 'text', inputmode: type === 'integer' ? 'numeric' : 'decimal', value: text ?? '' })
    if (minimum !== undefined || maximum !== undefined) input.placeholder = `${minimum ?? ''} … ${maximum ?? ''}`
    const read = () => {
      const text = input.value.trim()
      const fits = type === 'integer' ? /^-?\d+$/.test(text) : text !== '' && Number.isFinite(Number(text))
      if (!fits) throw this.unfit(input, type === 'integer' ? 'a whole number' : 'a number')
      if (Number(text) < minimum) throw this.unfit(input, `at least ${minimum}`)
      if (Number(text) > maximum) throw this.unfit(input, `at most ${maximum}`)
      // Digits that a number would lose.
      return type === 'integer' && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text)
    }
    return { input, read }
  }

  text({ minLength = 0, maxLength = Infinity, pattern, format }, initial) {
    const input = make('input', { type: 'text', value: initial ?? '', placeholder: format, spellcheck: 'false', autocomplete: 'off' })
    const read = () => {
      const length = [...input.value].length
      if (length < minLength) throw this.unfit(input, `at least ${minLength} characters`)
      if (length > maxLength) throw this.unfit(input, `at most ${maxLength} characters`)
      if (pattern && !new RegExp(pattern, 'u').test(input.value)) throw this.unfit(input, `a text like ${pattern}`)
      return input.value
    }
    return { input, read }
  }

  json(initial) {
    const input = make('textarea', { rows: 3, class: 'mono', spellcheck: 'false' })
    input.value = initial === undefined ? 'null' : JSON.stringify(initial, null, 2)
    const read = () => {
      try {
        return JSON.parse(input.value)
      } catch (error) {
        throw this.unfit(input, `JSON (${error.message})`)
      }
    }
    return { input, read }
  }

  unfit(input, what) {
    const label = input.labels?.[0]?.textContent
    input.setCustomValidity(`Please enter ${what}.`)
    input.addEventListener('input', () => input.setCustomValidity(''), { once: true })
    input.reportValidity()
    return new Unfit(`${label}: please enter ${what}`)
  }

  object(label, hint, schema, initial, without = []) {
    const element = make('fieldset', {}, make('legend', { text: label }), hint ? make('div', { class: 'hint', text: hint }) : undefined)
    const reads = []
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (without.includes(key)) continue
      const isRequired = schema.required?.includes(key)
      const field = isRequired ? this.field(key, property, initial?.[key]) : this.optional(key, property, initial?.[key])
      element.append(field.element)
      reads.push(value => {
        const own = field.read()
        if (own !== undefined) value[key] = own
      })
    }
    for (const part of schema.allOf ?? []) {
      if (part.if) continue
      const field = this.field(label, part, initial)
      element.append(field.element)
      reads.push(value => Object.assign(value, field.read()))
    }
    if (schema.additionalProperties && !(schema.additionalProperties === true && schema.properties === undefined && schema.allOf)) {
      const known = Object.keys(schema.properties ?? {})
      const entries = this.entries(schema, Object.entries(initial ?? {}).filter(([key]) => !known.includes(key) && !without.includes(key)))
      element.append(entries.element)
      reads.push(value => Object.assign(value, entries.read()))
    }
    const read = () => {
      const value = {}
      reads.forEach(read => read(value))
      return value
    }
    return { element, read }
  }

  /** A field that may be missing. */
  optional(label, schema, initial) {
    const place = make('div')
    let field
    const show = value => {
      field = box.checked ? this.field(label, schema, value) : undefined
      place.replaceChildren(...(field ? [field.element] : []))
    }
    const box = make('input', { type: 'checkbox', checked: initial !== undefined, onchange: () => show() })
    show(initial)
    const element = make('div', { class: 'field' }, make('label', { class: 'beside' }, box, `with ${label}`), place)
    return { element, read: () => field?.read() }
  }

  oneOf(label, hint, schemas, initial) {
    const names = schemas.map(schema => this.name(schema))
    const fitting = initial === undefined ? [] : [...schemas.keys()].filter(index => this.mayBe(schemas[index], initial))
    const fits = fitting.find(index => this.knows(schemas[index], initial)) ?? fitting[0] ?? -1
    const at = fits >= 0 ? fits : Math.max(0, initial === undefined ? schemas.findIndex(schema => this.plain(schema).type === 'null') : 0)
    const select = make('select', { onchange: () => show() }, ...names.map((text, index) => make('option', { text, selected: index === at })))
    const place = make('div')
    const outer = this.labelled(label, hint, { input: select })
    let field
    const show = value => {
      field = this.field(names[select.selectedIndex], schemas[select.selectedIndex], value)
      place.replaceChildren(field.element)
      place.hidden = this.plain(schemas[select.selectedIndex]).type === 'null'
    }
    show(fits >= 0 ? initial : undefined)
    outer.element.append(place)
    return { element: outer.element, read: () => field.read() }
  }

  /** What one of several is called: its tag, its only key, its type's name. */
  name(schema) {
    const plain = this.plain(schema)
    const tag = Object.values(plain.properties ?? {}).find(property => 'const' in property)?.const
    const key = plain.type === 'object' ? plain.required?.[0] : undefined
    return tag ?? schema.$ref?.split('/').at(-1) ?? key ?? plain.type ?? 'JSON'
  }

  /** Whether a value is probably of this one of several. */
  mayBe(schema, value) {
    const plain = this.plain(schema)
    if (plain.oneOf || plain.anyOf && !plain.type) return (plain.oneOf ?? plain.anyOf).some(part => this.mayBe(part, value))
    if ('const' in plain) return plain.const === value
    if (plain.enum) return plain.enum.includes(value)
    switch (plain.type) {
      case 'null': return value === null
      case 'array': return Array.isArray(value)
      case 'integer': case 'number': return typeof value === 'number'
      case 'object': {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
        const tags = Object.entries(plain.properties ?? {}).filter(([, property]) => 'const' in property)
        return tags.every(([key, property]) => value[key] === property.const) && (plain.required ?? []).every(key => key in value)
      }
      default: return plain.type === undefined || typeof value === plain.type
    }
  }

  /** Whether all keys of a value are properties. */
  knows(schema, value) {
    const { properties = {} } = this.plain(schema)
    return typeof value !== 'object' || value === null || Object.keys(value).every(key => key in properties)
  }

  array(label, hint, schema, initial) {
    if (Array.isArray(schema.items)) {
      const element = make('fieldset', {}, make('legend', { text: label }), hint ? make('div', { class: 'hint', text: hint }) : undefined)
      const fields = schema.items.map((item, index) => this.field(`${label} ${index + 1}`, item, initial?.[index]))
      element.append(...fields.map(field => field.element))
      return { element, read: () => fields.map(field => field.read()) }
    }
    const { minItems = 0, maxItems = Infinity } = schema
    const rows = this.rows(label, hint, index => this.field(`${label} ${index + 1}`, schema.items), maxItems)
    for (let index = 0; index < Math.max(minItems, initial?.length ?? 0); index++) {
      rows.add(this.field(`${label} ${index + 1}`, schema.items, initial?.[index]))
    }
    const read = () => {
      if (rows.all.length < minItems) throw new Unfit(`${label}: at least ${minItems}`)
      return rows.all.map(row => row.read())
    }
    return { element: rows.element, read }
  }

  /** The keys of a map. */
  entries(schema, initial) {
    const entry = ([key, value] = []) => {
      const name = this.field('key', schema.propertyNames ?? { type: 'string' }, key)
      const field = this.field('value', schema.additionalProperties, value)
      return { element: make('div', {}, name.element, field.element), read: () => [String(name.read()), field.read()] }
    }
    const rows = this.rows('entries', undefined, () => entry())
    initial.forEach(each => rows.add(entry(each)))
    return { element: rows.element, read: () => Object.fromEntries(rows.all.map(row => row.read())) }
  }

  rows(label, hint, another, most = Infinity) {
    const all = []
    const list = make('div')
    const button = make('button', { type: 'button', text: `Add to ${label}`, onclick: () => add(another(all.length)) })
    const update = () => { button.disabled = all.length >= most }
    const add = row => {
      const remove = () => {
        all.splice(all.indexOf(row), 1)
        line.remove()
        update()
        button.focus()
      }
      const line = make('div', { class: 'row' }, row.element, make('button', { type: 'button', text: '×', 'aria-label': `Remove from ${label}`, onclick: remove }))
      all.push(row)
      list.append(line)
      update()
    }
    const element = make('fieldset', {}, make('legend', { text: label }), hint ? make('div', { class: 'hint', text: hint }) : undefined, list, button)
    return { element, all, add }
  }
}
