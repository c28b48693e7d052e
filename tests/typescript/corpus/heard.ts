// Made from Rust: values as they are written there.
import type { CorpusProtocol } from './client.ts'

export const heard: { [K in keyof CorpusProtocol['hears']]: CorpusProtocol['hears'][K][] } = {
  adjacent: [
    {"type":"adjacent","value":{"t":"Unit"}},
    {"type":"adjacent","value":{"t":"Newtype","c":{"x":1,"y":2}}},
    {"type":"adjacent","value":{"t":"Tuple","c":[1,true]}},
    {"type":"adjacent","value":{"t":"Struct","c":{"x":1}}},
  ],
  amount: [
    {"type":"amount","value":{"kind":"Exact","big":1n}},
    {"type":"amount","value":{"kind":"Listed","big":[2n]}},
    {"type":"amount","value":{"kind":"None"}},
  ],
  beyond: [
    {"type":"beyond","value":{"count":9007199254740993,"balance":-9223372036854775807}},
    {"type":"beyond","value":{"count":9007199254740992,"balance":-1}},
  ],
  block: [
    {"type":"block","value":{"items":[{"Text":"a"},{"Block":{"items":[]}}]}},
  ],
  closed: [
    {"type":"closed","value":{"only":1}},
  ],
  code: [
    {"type":"code","value":"7"},
  ],
  color: [
    {"type":"color","value":"red"},
    {"type":"color","value":"blue"},
  ],
  default_by: [
    {"type":"default_by","value":{"count":0,"colour":"blue"}},
  ],
  defaults: [
    {"type":"defaults","value":{"count":7,"name":"nobody","point":{"x":1,"y":2}}},
    {"type":"defaults","value":{"count":7,"name":"nobody","point":null}},
  ],
  either: [
    {"type":"either","value":{"left":null,"right":[{"items":["red"],"next":null}]}},
    {"type":"either","value":{"left":{"x":1,"y":2},"right":[]}},
  ],
  empty: [
    {"type":"empty","value":{}},
  ],
  expression: [
    {"type":"expression","value":{"op":"add","left":{"op":"number","value":1.0},"right":{"op":"add","left":{"op":"number","value":2.5},"right":{"op":"number","value":-3.0}}}},
  ],
  external: [
    {"type":"external","value":"Unit"},
    {"type":"external","value":{"Newtype":1}},
    {"type":"external","value":{"Tuple":[1,"a"]}},
    {"type":"external","value":{"Struct":{"a":1,"b":null}}},
    {"type":"external","value":"odd-name"},
  ],
  floats: [
    {"type":"floats","value":{"finite":0.1,"nothing":1e+21,"endless":null}},
  ],
  formats: [
    {"type":"formats","value":{"at":"2026-02-03T04:05:06.123456789Z","day":"2026-02-03","uuid":"00000000-0000-0000-0000-000000000007","url":"https://example.org/a?b#c","price":"12.340","ip":"127.0.0.1","all":["00000000-0000-0000-0000-000000000001"]}},
  ],
  held: [
    {"type":"held","value":{"t":"Maybe","c":null}},
    {"type":"held","value":{"t":"Maybe","c":1}},
    {"type":"held","value":{"t":"Boxed","c":"red"}},
    {"type":"held","value":{"t":"Cow","c":"a"}},
    {"type":"held","value":{"t":"All","c":[null,1]}},
  ],
  hushed: [
    {"type":"hushed","value":"Nothing"},
    {"type":"hushed","value":{"Part":[1,2]}},
  ],
  ids: [
    {"type":"ids","value":{"items":[1],"next":null}},
  ],
  inside: [
    {"type":"inside","value":{"hashed":[7],"range":{"start":1,"end":4},"boxed":{"x":1,"y":2},"shared":"a","cow":"b","all":["red",null]}},
  ],
  internal: [
    {"type":"internal","value":{"kind":"unit"}},
    {"type":"internal","value":{"kind":"struct","lineWidth":0.5}},
    {"type":"internal","value":{"kind":"newtype","x":1,"y":2}},
    {"type":"internal","value":{"kind":"map","a":"b"}},
  ],
  items: [
    {"type":"items","value":{"items":[{"name":"a","note":null}],"next":2}},
  ],
  keys: [
    {"type":"keys","value":{"firstName":1,"last-name":2,"out":3,"new":4,"it's \"odd\"\n":5,"1st":6,"written":9,"type":10}},
  ],
  lists: [
    {"type":"lists","value":{"list":[],"maybe":[1,null],"set":[1,2],"three":[1,2,3],"nine":[0,0,0,0,0,0,0,0,0],"tuple":[1,"a"],"nested":[["red"],[]]}},
  ],
  maps: [
    {"type":"maps","value":{"texts":{"__proto__x":2,"a b":1},"numbers":{"7":"red","4294967295":"blue"},"negative":{"-7":true},"ids":{"7":true},"colors":{"red":1},"letters":{"ß":1},"bools":{"false":0,"true":1},"uuids":{"00000000-0000-0000-0000-000000000007":1},"wide":{"340282366920938463463374607431768211455":1}}},
  ],
  marked: [
    {"type":"marked","value":{"big_id":18446744073709551615n,"big_list":[-9223372036854775808n,null],"big_serial":18446744073709551615n,"count":7}},
    {"type":"marked","value":{"big_id":1n,"big_list":[2n],"big_serial":null,"count":3}},
  ],
  mixed: [
    {"type":"mixed","value":"Named"},
    {"type":"mixed","value":"else"},
  ],
  nested: [
    {"type":"nested","value":{"items":[[null,{"items":[1],"next":null}]],"next":null}},
  ],
  newtype: [
    {"type":"newtype","value":"a"},
  ],
  numbers: [
    {"type":"numbers","value":{"tiny":0,"small":0,"whole":0,"long":0,"float":-0.0,"short":0.5}},
    {"type":"numbers","value":{"tiny":255,"small":-32768,"whole":-2147483648,"long":9007199254740991,"float":1.7976931348623157e+308,"short":1.1754944e-38}},
  ],
  old: [
    {"type":"old","value":{"old":1,"older":null,"new":2}},
  ],
  open: [
    {"type":"open","value":"known"},
    {"type":"open","value":"unknown"},
  ],
  optional: [
    {"type":"optional","value":{"Maybe":null}},
    {"type":"optional","value":{"Maybe":{"x":1,"y":2}}},
    {"type":"optional","value":{"Both":[null,"a"]}},
  ],
  options: [
    {"type":"options","value":{"maybe":null,"count":0,"twice":null}},
    {"type":"options","value":{"maybe":1,"skipped":"a","list":[1],"count":1,"twice":true}},
  ],
  other_way: [
    {"type":"other_way","value":{"left":"blue","right":[1]}},
  ],
  outer: [
    {"type":"outer","value":{"own":1,"x":1,"y":2,"kind":"struct","lineWidth":1.0}},
    {"type":"outer","value":{"own":1,"x":1,"y":2,"kind":"unit"}},
  ],
  pair: [
    {"type":"pair","value":[1,"a"]},
  ],
  plain: [
    {"type":"plain","value":{"yes":true,"text":"a \"'\\\n</script>","letter":"💧","nothing":null}},
  ],
  pointed: [
    {"type":"pointed","value":{"kind":"boxed","x":1,"y":2}},
    {"type":"pointed","value":{"kind":"shared","x":1,"y":2}},
    {"type":"pointed","value":{"kind":"borrowed","x":1,"y":2}},
    {"type":"pointed","value":{"kind":"fields","shared":"a","at":null}},
    {"type":"pointed","value":{"kind":"fields","shared":"a","at":{"x":1,"y":2}}},
  ],
  raw: [
    {"type":"raw","value":{"base64":"AP8H","bytes":[0,255],"json":{"any":[1,null,"x"]}}},
  ],
  sizes: [
    {"type":"sizes","value":{"size":18446744073709551615,"offset":-9223372036854775808}},
    {"type":"sizes","value":{"size":1,"offset":-1}},
  ],
  tagged: [
    {"type":"tagged","value":{"kind":"tagged","a":1}},
  ],
  taken: [
    {"type":"taken","value":[{"map":{"channel":{"deleted":true}}},{"other":{"x":0.5}}]},
  ],
  times: [
    {"type":"times","value":{"took":{"secs":1,"nanos":500000000},"since":{"secs_since_epoch":5,"nanos_since_epoch":0},"range":{"start":1,"end":4}}},
  ],
  transparent: [
    {"type":"transparent","value":[{"x":1,"y":2}]},
  ],
  tree: [
    {"type":"tree","value":{"big":340282366920938463463374607431768211455n,"children":[{"big":1n,"children":[]},{"big":2n,"children":[{"big":1n,"children":[]}]}]}},
  ],
  unit: [
    {"type":"unit","value":null},
  ],
  untagged: [
    {"type":"untagged","value":null},
    {"type":"untagged","value":1},
    {"type":"untagged","value":"a"},
    {"type":"untagged","value":{"x":1}},
  ],
  wide: [
    {"type":"wide","value":{"big_u":340282366920938463463374607431768211455n,"big_i":-170141183460469231731687303715884105728n}},
    {"type":"wide","value":{"big_u":5n,"big_i":-5n}},
  ],
  with_any: [
    {"type":"with_any","value":{"own":1}},
    {"type":"with_any","value":{"own":1,"any":[1,null],"text":"x"}},
  ],
  with_external: [
    {"type":"with_external","value":{"own":1,"Unit":null}},
    {"type":"with_external","value":{"own":1,"Newtype":1}},
    {"type":"with_external","value":{"own":1,"Struct":{"a":1,"b":2}}},
  ],
  with_option: [
    {"type":"with_option","value":{"own":1}},
    {"type":"with_option","value":{"x":1,"y":2,"own":1}},
  ],
  with_rest: [
    {"type":"with_rest","value":{"own":1,"more":2}},
  ],
}
