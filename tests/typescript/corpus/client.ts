import { Channel, bigints, segment, whoIsPresent, type Answer, type Call, type Options, type Protocol } from '../../../channel-runtime/src/contract/typescript/core.ts'

export type Adjacent =
  | { t: 'Unit' }
  | { t: 'Newtype'; c: ShapesPoint }
  | { t: 'Tuple'; c: [number, boolean] }
  | { t: 'Struct'; c: { x: number } }

/** serde reads no `u128` in an enum that is represented so. */
export type Amount = { kind: 'Exact'; big: bigint } | { kind: 'Listed'; big: bigint[] } | { kind: 'None' }

/** A page gets more than 2^53 as a number that has lost digits. */
export interface Beyond { count: number; balance: number }

/** Each contains the other. */
export interface Block { items: Entry[] }

export interface Channel_ { deleted: boolean }

/** Ends a comment: *\/ and goes on. */
export interface Closed {
  /**
   * Ends one, too: *\/
   *
   * In two paragraphs.
   */
  only: number
}

export type Code = string

export type Color =
  | 'red'
  /** Darker. */
  | 'blue'

export interface DefaultBy { count: number; colour: Color }

export interface DefaultBySaid { count?: number | undefined; colour?: Color | undefined }

/** What is missing is as the whole's default. */
export interface Defaults { count: number; name: string; point: ShapesPoint | null }

/** What is missing is as the whole's default. */
export interface DefaultsSaid { count?: number | undefined; name?: string | undefined; point?: ShapesPoint | null | undefined }

export interface Duration { secs: number; nanos: number }

/** Of two types. */
export interface EitherColorU8 { left: Color | null; right: number[] }

/** Of two types. */
export interface EitherColorU8Said { left?: Color | null | undefined; right: number[] }

/** Of two types. */
export interface EitherPointPageColor { left: ShapesPoint | null; right: PageColor[] }

/** Of two types. */
export interface EitherPointPageColorSaid { left?: ShapesPoint | null | undefined; right: PageColorSaid[] }

export interface Empty {}

export type Entry = { Text: string } | { Block: Block }

export type Expression = { op: 'number'; value: number } | { op: 'add'; left: Expression; right: Expression }

export type External =
  | 'Unit'
  | { Newtype: number }
  | { Tuple: [number, string] }
  /** Has fields. */
  | { Struct: { a: number; b: number | null } }
  | 'odd-name'

export type ExternalSaid =
  | 'Unit'
  | { Newtype: number }
  | { Tuple: [number, string] }
  /** Has fields. */
  | { Struct: { a: number; b?: number | null | undefined } }
  | 'odd-name'

/** What is no number has no JSON, and is `null`. */
export interface Floats { finite: number; nothing: number | null; endless: number | null }

/** What is no number has no JSON, and is `null`. */
export interface FloatsSaid { finite: number; nothing?: number | null | undefined; endless?: number | null | undefined }

export interface Formats {
  /** @format date-time */
  at: string
  /** @format date */
  day: string
  /** @format uuid */
  uuid: string
  /** @format uri */
  url: string
  /** @format decimal */
  price: string
  /** @format ip */
  ip: string
  /** @format uuid */
  all: string[]
}

/** `None` is content. */
export type Held =
  | { t: 'Maybe'; c: number | null }
  | { t: 'Boxed'; c: Color | null }
  | { t: 'Cow'; c: string }
  | { t: 'All'; c: (number | null)[] }

/** What is skipped leaves a variant without content. */
export type Hushed = 'Nothing' | { Part: [number, number] }

export type Id = number

export interface Inside { hashed: number[]; range: RangeU16; boxed: ShapesPoint; shared: string; cow: string; all: (Color | null)[] }

export type Internal =
  | { kind: 'unit' }
  | { kind: 'struct'; lineWidth: number }
  | { kind: 'newtype' } & ShapesPoint
  | { kind: 'map' } & { [key: string]: unknown }

export interface Item { name: string; note: string | null }

export interface ItemSaid { name: string; note?: string | null | undefined }

/** Keys that Rust does not have. */
export interface Keys {
  firstName: number
  'last-name': number
  out: number
  new: number
  'it\'s "odd"\n': number
  '1st': number
  written: number
  type: number
}

/** Keys that Rust does not have. */
export interface KeysSaid {
  firstName: number
  'last-name': number
  in: number
  new: number
  'it\'s "odd"\n': number
  '1st': number
  read?: number | undefined
  type: number
}

export interface Lists {
  list: number[]
  maybe: (number | null)[]
  set: number[]
  three: [number, number, number]
  nine: number[]
  tuple: [number, string]
  nested: Color[][]
}

export interface Map_ { channel: Channel_ }

export interface Maps {
  texts: Record<string, number>
  numbers: { [key: number]: Color }
  negative: { [key: number]: boolean }
  ids: { [key: number]: boolean }
  colors: { [K in Color]?: number }
  letters: Record<string, number>
  bools: { [K in 'true' | 'false']?: number }
  uuids: Record<string, number>
  wide: { [key: `${bigint}`]: number }
}

/** What may be larger than a double holds, and what may not. */
export interface Marked { big_id: bigint; big_list: (bigint | null)[]; big_serial: bigint | null; count: number }

/** What may be larger than a double holds, and what may not. */
export interface MarkedSaid { big_id: bigint; big_list: (bigint | null)[]; big_serial?: bigint | null | undefined; count: number }

export type Mixed = 'Named' | string

export type Newtype = string

/** Numbers that a double holds, and some that it may not. */
export interface Numbers { tiny: number; small: number; whole: number; long: number; float: number; short: number }

export interface Old {
  /**
   * Take another.
   * @deprecated use `new`
   */
  old: number
  /** @deprecated */
  older: number | null
  new: number
}

export interface OldSaid {
  /**
   * Take another.
   * @deprecated use `new`
   */
  old: number
  /** @deprecated */
  older?: number | null | undefined
  new: number
}

export type Open = 'known' | 'unknown'

export type OpenSaid = 'known' | 'unknown' | (string & {})

export type Optional = { Maybe: ShapesPoint | null } | { Both: [number | null, string] }

export interface Options_ { maybe: number | null; skipped?: string; list?: number[]; count: number; twice: boolean | null }

export interface Options_Said {
  maybe?: number | null | undefined
  skipped?: string | null | undefined
  list?: number[] | undefined
  count?: number | undefined
  twice?: boolean | null | undefined
}

export type Outer = { own: number } & ShapesPoint & Internal

/** One page of many. */
export interface PageColor { items: Color[]; next: number | null }

/** One page of many. */
export interface PageColorSaid { items: Color[]; next?: number | null | undefined }

/** One page of many. */
export interface PageItem { items: Item[]; next: number | null }

/** One page of many. */
export interface PageItemSaid { items: ItemSaid[]; next?: number | null | undefined }

/** One page of many. */
export interface PageListOptionPageU32 { items: (PageU32 | null)[][]; next: number | null }

/** One page of many. */
export interface PageListOptionPageU32Said { items: (PageU32Said | null)[][]; next?: number | null | undefined }

/** One page of many. */
export interface PageU32 { items: number[]; next: number | null }

/** One page of many. */
export interface PageU32Said { items: number[]; next?: number | null | undefined }

export type Pair = [number, Newtype]

export interface Plain {
  yes: boolean
  text: string
  /** @format char */
  letter: string
  nothing: null
}

/** Pointers are what they point to. */
export type Pointed =
  | { kind: 'boxed' } & ShapesPoint
  | { kind: 'shared' } & ShapesPoint
  | { kind: 'borrowed' } & ShapesPoint
  | { kind: 'fields'; shared: string; at: ShapesPoint | null }

/** Pointers are what they point to. */
export type PointedSaid =
  | { kind: 'boxed' } & ShapesPoint
  | { kind: 'shared' } & ShapesPoint
  | { kind: 'borrowed' } & ShapesPoint
  | { kind: 'fields'; shared: string; at?: ShapesPoint | null | undefined }

export interface RangeU16 { start: number; end: number }

export interface Raw {
  /** @format base64 */
  base64: string
  bytes: number[]
  json: unknown
}

export interface Record_ { map: Map_ }

export type Seat = 'red' | 'white'

export type Serial = number

/** 64 bits, of any machine. */
export interface Sizes { size: number; offset: number }

export interface SystemTime { secs_since_epoch: number; nanos_since_epoch: number }

export interface Times { took: Duration; since: SystemTime; range: RangeU16 }

export type Transparent = ShapesPoint[]

export interface Tree { big: bigint; children: Tree[] }

export type Unit = null

export type Untagged = null | number | string | { x: number } | ShapesPoint

/** What is seen of who watches. */
export interface Watching { seat: Seat | null; points: ShapesPoint[]; big_since: number }

export interface Wide { big_u: bigint; big_i: bigint }

export type WithAny = { own: number } & { [key: string]: unknown }

export type WithExternal = { own: number } & ({ Unit: null } | { Newtype: number } | { Tuple: [number, string] } | { Struct: { a: number; b: number | null } } | { 'odd-name': null })

export type WithExternalSaid = { own: number } & ({ Unit: null } | { Newtype: number } | { Tuple: [number, string] } | { Struct: { a: number; b?: number | null | undefined } } | { 'odd-name': null })

export type WithOption = { own: number } & Partial<ShapesPoint>

export type WithRest = { own: number } & { [key: string]: unknown }

export interface ShapesPoint { x: number; y: number }

export interface OtherPoint { x: number }

export interface String_ { other: OtherPoint }

/** It says what it is. */
export interface Tagged { kind: 'tagged'; a: number }

/** It says what it is. */
export interface TaggedSaid { kind?: 'tagged' | undefined; a: number }

export interface NumbersCase { type: 'numbers'; value: Numbers }

export interface NumbersCaseSaid { value: Numbers }

export interface WideCase { type: 'wide'; value: Wide }

export interface WideCaseSaid { value: Wide }

export interface PlainCase { type: 'plain'; value: Plain }

export interface PlainCaseSaid { value: Plain }

export interface OptionsCase { type: 'options'; value: Options_ }

export interface OptionsCaseSaid { value: Options_Said }

export interface KeysCase { type: 'keys'; value: Keys }

export interface KeysCaseSaid { value: KeysSaid }

export interface ClosedCase { type: 'closed'; value: Closed }

export interface ClosedCaseSaid { value: Closed }

export interface ExternalCase { type: 'external'; value: External }

export interface ExternalCaseSaid { value: ExternalSaid }

export interface InternalCase { type: 'internal'; value: Internal }

export interface InternalCaseSaid { value: Internal }

export interface AdjacentCase { type: 'adjacent'; value: Adjacent }

export interface AdjacentCaseSaid { value: Adjacent }

export interface UntaggedCase { type: 'untagged'; value: Untagged }

export interface UntaggedCaseSaid { value: Untagged }

export interface ColorCase { type: 'color'; value: Color }

export interface ColorCaseSaid { value: Color }

export interface OpenCase { type: 'open'; value: Open }

export interface OpenCaseSaid { value: OpenSaid }

export interface MixedCase { type: 'mixed'; value: Mixed }

export interface MixedCaseSaid { value: Mixed }

export interface OuterCase { type: 'outer'; value: Outer }

export interface OuterCaseSaid { value: Outer }

export interface WithExternalCase { type: 'with_external'; value: WithExternal }

export interface WithExternalCaseSaid { value: WithExternalSaid }

export interface WithOptionCase { type: 'with_option'; value: WithOption }

export interface WithOptionCaseSaid { value: WithOption }

export interface WithRestCase { type: 'with_rest'; value: WithRest }

export interface WithRestCaseSaid { value: WithRest }

export interface NewtypeCase { type: 'newtype'; value: Newtype }

export interface NewtypeCaseSaid { value: Newtype }

export interface TransparentCase { type: 'transparent'; value: Transparent }

export interface TransparentCaseSaid { value: Transparent }

export interface PairCase { type: 'pair'; value: Pair }

export interface PairCaseSaid { value: Pair }

export interface UnitCase { type: 'unit'; value: Unit }

export interface UnitCaseSaid { value: Unit }

export interface ListsCase { type: 'lists'; value: Lists }

export interface ListsCaseSaid { value: Lists }

export interface MapsCase { type: 'maps'; value: Maps }

export interface MapsCaseSaid { value: Maps }

export interface FormatsCase { type: 'formats'; value: Formats }

export interface FormatsCaseSaid { value: Formats }

export interface TimesCase { type: 'times'; value: Times }

export interface TimesCaseSaid { value: Times }

export interface ItemsCase { type: 'items'; value: PageItem }

export interface ItemsCaseSaid { value: PageItemSaid }

export interface IdsCase { type: 'ids'; value: PageU32 }

export interface IdsCaseSaid { value: PageU32Said }

export interface TreeCase { type: 'tree'; value: Tree }

export interface TreeCaseSaid { value: Tree }

export interface ExpressionCase { type: 'expression'; value: Expression }

export interface ExpressionCaseSaid { value: Expression }

export interface RawCase { type: 'raw'; value: Raw }

export interface RawCaseSaid { value: Raw }

export interface MarkedCase { type: 'marked'; value: Marked }

export interface MarkedCaseSaid { value: MarkedSaid }

export interface AmountCase { type: 'amount'; value: Amount }

export interface AmountCaseSaid { value: Amount }

export interface EmptyCase { type: 'empty'; value: Empty }

export interface EmptyCaseSaid { value: Empty }

export interface TaggedCase { type: 'tagged'; value: Tagged }

export interface TaggedCaseSaid { value: TaggedSaid }

export interface CodeCase { type: 'code'; value: Code }

export interface CodeCaseSaid { value: Code }

export interface BlockCase { type: 'block'; value: Block }

export interface BlockCaseSaid { value: Block }

export interface OldCase { type: 'old'; value: Old }

export interface OldCaseSaid { value: OldSaid }

export interface FloatsCase { type: 'floats'; value: Floats }

export interface FloatsCaseSaid { value: FloatsSaid }

export interface SizesCase { type: 'sizes'; value: Sizes }

export interface SizesCaseSaid { value: Sizes }

export interface BeyondCase { type: 'beyond'; value: Beyond }

export interface BeyondCaseSaid { value: Beyond }

export interface DefaultsCase { type: 'defaults'; value: Defaults }

export interface DefaultsCaseSaid { value: DefaultsSaid }

export interface DefaultByCase { type: 'default_by'; value: DefaultBy }

export interface DefaultByCaseSaid { value: DefaultBySaid }

export interface WithAnyCase { type: 'with_any'; value: WithAny }

export interface WithAnyCaseSaid { value: WithAny }

export interface InsideCase { type: 'inside'; value: Inside }

export interface InsideCaseSaid { value: Inside }

export interface PointedCase { type: 'pointed'; value: Pointed }

export interface PointedCaseSaid { value: PointedSaid }

export interface HeldCase { type: 'held'; value: Held }

export interface HeldCaseSaid { value: Held }

export interface OptionalCase { type: 'optional'; value: Optional }

export interface OptionalCaseSaid { value: Optional }

export interface HushedCase { type: 'hushed'; value: Hushed }

export interface HushedCaseSaid { value: Hushed }

export interface EitherCase { type: 'either'; value: EitherPointPageColor }

export interface EitherCaseSaid { value: EitherPointPageColorSaid }

export interface OtherWayCase { type: 'other_way'; value: EitherColorU8 }

export interface OtherWayCaseSaid { value: EitherColorU8Said }

export interface NestedCase { type: 'nested'; value: PageListOptionPageU32 }

export interface NestedCaseSaid { value: PageListOptionPageU32Said }

export interface TakenCase { type: 'taken'; value: [Record_, String_] }

export interface TakenCaseSaid { value: [Record_, String_] }

/** Where a piece goes. */
export interface Move { from: string; to: string }

/** In both directions. */
export interface Typing { type: 'typing'; on: boolean }

/** In both directions. */
export interface TypingSaid { on: boolean }

/** As a whole it is another type. */
export type Whole = { type: 'whole' } & ShapesPoint

/** As a whole it is another type. */
export type WholeSaid = ShapesPoint

/** Has rules. */
export interface Ruled {
  /**
   * The name.
   * @minLength 1
   * @maxLength 20
   */
  name: string
  /**
   * @minimum 1
   * @maximum 9
   */
  count: number
  /**
   * @format uuid
   * @maxItems 3
   */
  tags: string[]
}

/** The keys of a message may be those of another type. */
export type Moved = { type: 'moved.to'; by: Seat } & ShapesPoint

export interface Closing { type: 'closed' }

export interface Subtract { minuend: number; subtrahend: number }

export interface Bid { amount: number }

export interface Raised { type: 'raised'; amount: number; by: Seat }

/** A lot as it is. */
export interface LotIs { type: 'lot'; bids: number[] }

export interface CorpusProtocol extends Protocol {
  says: {
    numbers: NumbersCaseSaid
    wide: WideCaseSaid
    plain: PlainCaseSaid
    options: OptionsCaseSaid
    keys: KeysCaseSaid
    closed: ClosedCaseSaid
    external: ExternalCaseSaid
    internal: InternalCaseSaid
    adjacent: AdjacentCaseSaid
    untagged: UntaggedCaseSaid
    color: ColorCaseSaid
    open: OpenCaseSaid
    mixed: MixedCaseSaid
    outer: OuterCaseSaid
    with_external: WithExternalCaseSaid
    with_option: WithOptionCaseSaid
    with_rest: WithRestCaseSaid
    newtype: NewtypeCaseSaid
    transparent: TransparentCaseSaid
    pair: PairCaseSaid
    unit: UnitCaseSaid
    lists: ListsCaseSaid
    maps: MapsCaseSaid
    formats: FormatsCaseSaid
    times: TimesCaseSaid
    items: ItemsCaseSaid
    ids: IdsCaseSaid
    tree: TreeCaseSaid
    expression: ExpressionCaseSaid
    raw: RawCaseSaid
    marked: MarkedCaseSaid
    amount: AmountCaseSaid
    empty: EmptyCaseSaid
    tagged: TaggedCaseSaid
    code: CodeCaseSaid
    block: BlockCaseSaid
    old: OldCaseSaid
    floats: FloatsCaseSaid
    sizes: SizesCaseSaid
    beyond: BeyondCaseSaid
    defaults: DefaultsCaseSaid
    default_by: DefaultByCaseSaid
    with_any: WithAnyCaseSaid
    inside: InsideCaseSaid
    pointed: PointedCaseSaid
    held: HeldCaseSaid
    optional: OptionalCaseSaid
    hushed: HushedCaseSaid
    either: EitherCaseSaid
    other_way: OtherWayCaseSaid
    nested: NestedCaseSaid
    taken: TakenCaseSaid
    tell: {}
  }
  hears: {
    numbers: NumbersCase
    wide: WideCase
    plain: PlainCase
    options: OptionsCase
    keys: KeysCase
    closed: ClosedCase
    external: ExternalCase
    internal: InternalCase
    adjacent: AdjacentCase
    untagged: UntaggedCase
    color: ColorCase
    open: OpenCase
    mixed: MixedCase
    outer: OuterCase
    with_external: WithExternalCase
    with_option: WithOptionCase
    with_rest: WithRestCase
    newtype: NewtypeCase
    transparent: TransparentCase
    pair: PairCase
    unit: UnitCase
    lists: ListsCase
    maps: MapsCase
    formats: FormatsCase
    times: TimesCase
    items: ItemsCase
    ids: IdsCase
    tree: TreeCase
    expression: ExpressionCase
    raw: RawCase
    marked: MarkedCase
    amount: AmountCase
    empty: EmptyCase
    tagged: TaggedCase
    code: CodeCase
    block: BlockCase
    old: OldCase
    floats: FloatsCase
    sizes: SizesCase
    beyond: BeyondCase
    defaults: DefaultsCase
    default_by: DefaultByCase
    with_any: WithAnyCase
    inside: InsideCase
    pointed: PointedCase
    held: HeldCase
    optional: OptionalCase
    hushed: HushedCase
    either: EitherCase
    other_way: OtherWayCase
    nested: NestedCase
    taken: TakenCase
  }
  answers: {
    numbers: NumbersCase
    wide: WideCase
    plain: PlainCase
    options: OptionsCase
    keys: KeysCase
    closed: ClosedCase
    external: ExternalCase
    internal: InternalCase
    adjacent: AdjacentCase
    untagged: UntaggedCase
    color: ColorCase
    open: OpenCase
    mixed: MixedCase
    outer: OuterCase
    with_external: WithExternalCase
    with_option: WithOptionCase
    with_rest: WithRestCase
    newtype: NewtypeCase
    transparent: TransparentCase
    pair: PairCase
    unit: UnitCase
    lists: ListsCase
    maps: MapsCase
    formats: FormatsCase
    times: TimesCase
    items: ItemsCase
    ids: IdsCase
    tree: TreeCase
    expression: ExpressionCase
    raw: RawCase
    marked: MarkedCase
    amount: AmountCase
    empty: EmptyCase
    tagged: TaggedCase
    code: CodeCase
    block: BlockCase
    old: OldCase
    floats: FloatsCase
    sizes: SizesCase
    beyond: BeyondCase
    defaults: DefaultsCase
    default_by: DefaultByCase
    with_any: WithAnyCase
    inside: InsideCase
    pointed: PointedCase
    held: HeldCase
    optional: OptionalCase
    hushed: HushedCase
    either: EitherCase
    other_way: OtherWayCase
    nested: NestedCase
    taken: TakenCase
  }
  faults: {}
}

/**
 * Returns each message as it was read.
 *
 * `/corpus`
 */
export class Corpus extends Channel<CorpusProtocol> {
  static override readonly fingerprint: string = '488884f61a11d057'
  static override readonly bigints = /* @__PURE__ */ bigints({ wide: ['value.big_u', 'value.big_i'], tree: ['value.**.big'], marked: ['value.big_id', 'value.big_list.*', 'value.big_serial'], amount: ['value.big', 'value.big.*'] })
  constructor(options?: Options<CorpusProtocol>) { super('/corpus', options) }
  numbers(message: NumbersCaseSaid, call?: Call): Answer<CorpusProtocol, 'numbers'> { return this.request('numbers', message, call) }
  wide(message: WideCaseSaid, call?: Call): Answer<CorpusProtocol, 'wide'> { return this.request('wide', message, call) }
  plain(message: PlainCaseSaid, call?: Call): Answer<CorpusProtocol, 'plain'> { return this.request('plain', message, call) }
  options(message: OptionsCaseSaid, call?: Call): Answer<CorpusProtocol, 'options'> { return this.request('options', message, call) }
  keys(message: KeysCaseSaid, call?: Call): Answer<CorpusProtocol, 'keys'> { return this.request('keys', message, call) }
  closed(message: ClosedCaseSaid, call?: Call): Answer<CorpusProtocol, 'closed'> { return this.request('closed', message, call) }
  external(message: ExternalCaseSaid, call?: Call): Answer<CorpusProtocol, 'external'> { return this.request('external', message, call) }
  internal(message: InternalCaseSaid, call?: Call): Answer<CorpusProtocol, 'internal'> { return this.request('internal', message, call) }
  adjacent(message: AdjacentCaseSaid, call?: Call): Answer<CorpusProtocol, 'adjacent'> { return this.request('adjacent', message, call) }
  untagged(message: UntaggedCaseSaid, call?: Call): Answer<CorpusProtocol, 'untagged'> { return this.request('untagged', message, call) }
  color(message: ColorCaseSaid, call?: Call): Answer<CorpusProtocol, 'color'> { return this.request('color', message, call) }
  open_(message: OpenCaseSaid, call?: Call): Answer<CorpusProtocol, 'open'> { return this.request('open', message, call) }
  mixed(message: MixedCaseSaid, call?: Call): Answer<CorpusProtocol, 'mixed'> { return this.request('mixed', message, call) }
  outer(message: OuterCaseSaid, call?: Call): Answer<CorpusProtocol, 'outer'> { return this.request('outer', message, call) }
  withExternal(message: WithExternalCaseSaid, call?: Call): Answer<CorpusProtocol, 'with_external'> { return this.request('with_external', message, call) }
  withOption(message: WithOptionCaseSaid, call?: Call): Answer<CorpusProtocol, 'with_option'> { return this.request('with_option', message, call) }
  withRest(message: WithRestCaseSaid, call?: Call): Answer<CorpusProtocol, 'with_rest'> { return this.request('with_rest', message, call) }
  newtype(message: NewtypeCaseSaid, call?: Call): Answer<CorpusProtocol, 'newtype'> { return this.request('newtype', message, call) }
  transparent(message: TransparentCaseSaid, call?: Call): Answer<CorpusProtocol, 'transparent'> { return this.request('transparent', message, call) }
  pair(message: PairCaseSaid, call?: Call): Answer<CorpusProtocol, 'pair'> { return this.request('pair', message, call) }
  unit(message: UnitCaseSaid, call?: Call): Answer<CorpusProtocol, 'unit'> { return this.request('unit', message, call) }
  lists(message: ListsCaseSaid, call?: Call): Answer<CorpusProtocol, 'lists'> { return this.request('lists', message, call) }
  maps(message: MapsCaseSaid, call?: Call): Answer<CorpusProtocol, 'maps'> { return this.request('maps', message, call) }
  formats(message: FormatsCaseSaid, call?: Call): Answer<CorpusProtocol, 'formats'> { return this.request('formats', message, call) }
  times(message: TimesCaseSaid, call?: Call): Answer<CorpusProtocol, 'times'> { return this.request('times', message, call) }
  items(message: ItemsCaseSaid, call?: Call): Answer<CorpusProtocol, 'items'> { return this.request('items', message, call) }
  ids(message: IdsCaseSaid, call?: Call): Answer<CorpusProtocol, 'ids'> { return this.request('ids', message, call) }
  tree(message: TreeCaseSaid, call?: Call): Answer<CorpusProtocol, 'tree'> { return this.request('tree', message, call) }
  expression(message: ExpressionCaseSaid, call?: Call): Answer<CorpusProtocol, 'expression'> { return this.request('expression', message, call) }
  raw(message: RawCaseSaid, call?: Call): Answer<CorpusProtocol, 'raw'> { return this.request('raw', message, call) }
  marked(message: MarkedCaseSaid, call?: Call): Answer<CorpusProtocol, 'marked'> { return this.request('marked', message, call) }
  amount(message: AmountCaseSaid, call?: Call): Answer<CorpusProtocol, 'amount'> { return this.request('amount', message, call) }
  empty(message: EmptyCaseSaid, call?: Call): Answer<CorpusProtocol, 'empty'> { return this.request('empty', message, call) }
  tagged(message: TaggedCaseSaid, call?: Call): Answer<CorpusProtocol, 'tagged'> { return this.request('tagged', message, call) }
  code(message: CodeCaseSaid, call?: Call): Answer<CorpusProtocol, 'code'> { return this.request('code', message, call) }
  block(message: BlockCaseSaid, call?: Call): Answer<CorpusProtocol, 'block'> { return this.request('block', message, call) }
  old(message: OldCaseSaid, call?: Call): Answer<CorpusProtocol, 'old'> { return this.request('old', message, call) }
  floats(message: FloatsCaseSaid, call?: Call): Answer<CorpusProtocol, 'floats'> { return this.request('floats', message, call) }
  sizes(message: SizesCaseSaid, call?: Call): Answer<CorpusProtocol, 'sizes'> { return this.request('sizes', message, call) }
  beyond(message: BeyondCaseSaid, call?: Call): Answer<CorpusProtocol, 'beyond'> { return this.request('beyond', message, call) }
  defaults(message: DefaultsCaseSaid, call?: Call): Answer<CorpusProtocol, 'defaults'> { return this.request('defaults', message, call) }
  defaultBy(message: DefaultByCaseSaid, call?: Call): Answer<CorpusProtocol, 'default_by'> { return this.request('default_by', message, call) }
  withAny(message: WithAnyCaseSaid, call?: Call): Answer<CorpusProtocol, 'with_any'> { return this.request('with_any', message, call) }
  inside(message: InsideCaseSaid, call?: Call): Answer<CorpusProtocol, 'inside'> { return this.request('inside', message, call) }
  pointed(message: PointedCaseSaid, call?: Call): Answer<CorpusProtocol, 'pointed'> { return this.request('pointed', message, call) }
  held(message: HeldCaseSaid, call?: Call): Answer<CorpusProtocol, 'held'> { return this.request('held', message, call) }
  optional(message: OptionalCaseSaid, call?: Call): Answer<CorpusProtocol, 'optional'> { return this.request('optional', message, call) }
  hushed(message: HushedCaseSaid, call?: Call): Answer<CorpusProtocol, 'hushed'> { return this.request('hushed', message, call) }
  either(message: EitherCaseSaid, call?: Call): Answer<CorpusProtocol, 'either'> { return this.request('either', message, call) }
  otherWay(message: OtherWayCaseSaid, call?: Call): Answer<CorpusProtocol, 'other_way'> { return this.request('other_way', message, call) }
  nested(message: NestedCaseSaid, call?: Call): Answer<CorpusProtocol, 'nested'> { return this.request('nested', message, call) }
  taken(message: TakenCaseSaid, call?: Call): Answer<CorpusProtocol, 'taken'> { return this.request('taken', message, call) }
  /** Sends each value that is made in Rust. */
  tell(call?: Call): Answer<CorpusProtocol, 'tell'> { return this.request('tell', {}, call) }
}

export interface GameProtocol extends Protocol {
  says: {
    move: Move
    typing: TypingSaid
    how_many: {}
    close: {}
    'then-what': {}
    whole: WholeSaid
    ruled: Ruled
    old_typing: {}
  }
  hears: { 'moved.to': Moved; whole: Whole; typing: Typing; closed: Closing }
  answers: { move: Moved; how_many: number | undefined; close: Closing; 'then-what': PageItem[]; whole: Whole }
  faults: {
    move: {
      /**
       * Wait for the other one.
       *
       * it is the turn of {turn}
       */
      'game.not_your_turn': { turn: Seat; big: bigint }
      /** the game is over */
      'game.over': undefined
    }
    how_many: { '*': unknown }
  }
}

/**
 * A game of two.
 *
 * `/game/:game_id/ü/:seat`
 *
 * Binary messages in `$binary`, by their first byte: 1 (`Pixel`).
 *
 * Binary messages for `sendBinary`, by their first byte: 1 (`Pixel`).
 */
export class Game extends Channel<GameProtocol> {
  static override readonly fingerprint: string = '72bc2792bdd5a77e'
  static override readonly rates = { move: [20, 1, 20] }
  static override readonly timeouts = { move: 5000 }
  static override readonly bigints = /* @__PURE__ */ bigints({ error: ['details.big'] })
  constructor(params: { game_id: number | bigint; seat: string }, options?: Options<GameProtocol>) { super(`/game/${segment(params.game_id)}/%C3%BC/${segment(params.seat)}`, options) }
  /**
   * Where a piece goes.
   *
   * At most 20 in a second. Answered within 5 s.
   */
  move(message: Move, call?: Call): Answer<GameProtocol, 'move'> { return this.request('move', message, call) }
  /** In both directions. */
  typing(message: TypingSaid, call?: Call): Answer<GameProtocol, 'typing'> { return this.request('typing', message, call) }
  /** How many there were, if it is known. */
  howMany(call?: Call): Answer<GameProtocol, 'how_many'> { return this.request('how_many', {}, call) }
  /** Its method can't be `close`. */
  close_(call?: Call): Answer<GameProtocol, 'close'> { return this.request('close', {}, call) }
  thenWhat(call?: Call): Answer<GameProtocol, 'then-what'> { return this.request('then-what', {}, call) }
  /** As a whole it is another type. */
  whole(message: WholeSaid, call?: Call): Answer<GameProtocol, 'whole'> { return this.request('whole', message, call) }
  /** Has rules. */
  ruled(message: Ruled, call?: Call): Answer<GameProtocol, 'ruled'> { return this.request('ruled', message, call) }
  /**
   * Was of use.
   * @deprecated send `typing`
   */
  oldTyping(call?: Call): Answer<GameProtocol, 'old_typing'> { return this.request('old_typing', {}, call) }
}

/**
 * In another envelope there are types alone.
 *
 * Types alone: the messages of `/rpc` stand in the envelope `jsonrpc2`, which this file's core does not speak.
 */
export interface RpcProtocol {
  says: { subtract: Subtract }
  hears: {}
  answers: { subtract: number }
  faults: {}
}

/**
 * And where texts are no messages.
 *
 * Types alone: clients of `/notes` send raw text, which is no messages.
 */
export interface NotesProtocol {
  says: {}
  hears: {}
  answers: {}
  faults: {}
}

export interface AuctionProtocol extends Protocol {
  says: { bid: Bid }
  hears: { raised: Raised; lot: LotIs }
  answers: { bid: number }
  faults: {
    bid: {
      /** bid {least} or more */
      'auction.too_low': { least: number }
    }
  }
}

/**
 * Nobody misses a bid, and none is made twice.
 *
 * `/auction/:lot/:bidder`
 */
export class Auction extends Channel<AuctionProtocol> {
  static override readonly fingerprint: string = '84d88fe5304410fd'
  static override readonly idempotent = { bid: true }
  constructor(params: { lot: number; bidder: number }, options?: Options<AuctionProtocol>) { super(`/auction/${segment(params.lot)}/${segment(params.bidder)}`, options) }
  /** Sent again if its answer is lost, and handled once. */
  bid(message: Bid, call?: Call): Answer<AuctionProtocol, 'bid'> { return this.request('bid', message, call) }
}

export interface WatchProtocol extends Protocol {
  says: { present: {} }
  hears: { closed: Closing }
  answers: { present: Closing }
  faults: {}
  /** Of a connection of somebody who is present. */
  seen: Watching
}

/**
 * Who watches is told who else does.
 *
 * `/watch/:room`
 */
export class Watch extends Channel<WatchProtocol> {
  static override readonly fingerprint: string = '1e4ac53f97be7bc8'
  /** Who is in the room, by user. */
  readonly present = whoIsPresent<Watching>(this)
  constructor(params: { room: string }, options?: Options<WatchProtocol>) { super(`/watch/${segment(params.room)}`, options) }
  /** Its method can't be `present`. */
  present_(call?: Call): Answer<WatchProtocol, 'present'> { return this.request('present', {}, call) }
}
