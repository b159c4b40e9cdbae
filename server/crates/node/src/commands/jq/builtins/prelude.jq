def not: if . then false else true end;
def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def recurse(f): def r: ., (f | r); r;
def recurse(f; condition): def r: ., (f | select(condition) | r); r;
def recurse: recurse(.[]?);
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def env: $ENV;
def range($to): range(0; $to);
def range($from; $to; $by):
  if $by > 0 then $from | while(. < $to; . + $by)
  elif $by < 0 then $from | while(. > $to; . + $by)
  else empty end;
def while(condition; update): def w: if condition then ., (update | w) else empty end; w;
def until(condition; update): def u: if condition then . else (update | u) end; u;
def repeat(f): def r: ., (f | r); r;
def inputs: label $out | repeat(null)
  | try input catch (if . == "No more inputs" then break $out else error end);
def in($object): . as $key | $object | has($key);
def inside($other): . as $part | $other | contains($part);
def to_entries: [keys_unsorted[] as $key | {key: $key, value: .[$key]}];
def from_entries: reduce .[] as $entry ({};
  . + { ($entry | if type == "object"
      then (if has("key") then .key elif has("k") then .k elif has("name") then .name elif has("Name") then .Name
        elif has("Key") then .Key elif has("K") then .K else null end)
      else . end
      | if type == "string" then . elif type == "number" or type == "boolean" then tojson
        elif type == "null" then "null" else . end):
    ($entry | if type == "object"
      then (if has("value") then .value elif has("v") then .v elif has("Value") then .Value
        elif has("V") then .V else null end)
      else null end) });
def with_entries(f): to_entries | map(f) | from_entries;
def add(f): reduce f as $x (null; . + $x);
def any(generator; condition): isempty(first(generator | condition | if . then 1 else empty end)) | not;
def any(f): any(.[]; f);
def any: any(.);
def all(generator; condition): isempty(first(generator | condition | if . then empty else 1 end));
def all(f): all(.[]; f);
def all: all(.);
def isvalid(f): try (f | true) catch false;
def isempty(f): label $out | ((f | false, break $out), true);
def first(f): label $out | (f | ., break $out);
def last(f): reduce f as $x (null; $x);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; f)) end;
def limit($n; f): if $n > 0 then label $out | foreach f as $item (0; . + 1; $item, if . >= $n then break $out else empty end)
  elif $n == 0 then empty else f end;
def skip($n; f): if $n > 0 then foreach f as $item ($n; . - 1; if . < 0 then $item else empty end) else f end;
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): [group_by(f)[] | .[0]];
def unique: unique_by(.);
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def min: min_by(.);
def max: max_by(.);
def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def _assign(paths; $value): reduce path(paths) as $p (.; setpath($p; $value));
def _modify(paths; update): reduce path(paths) as $p ([., []];
    . as [$value, $gone]
    | label $out
    | (($value | getpath($p) | update) as $new | [($value | setpath($p; $new)), $gone] | ., break $out),
      [$value, $gone + [$p]])
  | . as [$value, $gone] | $value | delpaths($gone);
def pick(f): . as $top | reduce path(f) as $p (null; setpath($p; $top | getpath($p)));
def join($separator): reduce .[] as $x (null;
    (if . == null then "" else . + $separator end) +
    ($x | if . == null then "" elif type == "boolean" or type == "number" then tojson else . end)) // "";
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(unit; $n): . + $n;
def datesub(unit; $n): . - $n;
def match($re; $flags): _match($re; $flags; false) | .[];
def match($re): if ($re | type) == "array" then match($re[0]; $re[1]) else match($re; null) end;
def test($re; $flags): _match($re; $flags; true);
def test($re): if ($re | type) == "array" then test($re[0]; $re[1]) else test($re; null) end;
def _captured: reduce (.captures[] | select(.name != null)) as $c ({}; . + {($c.name): $c.string});
def capture($re; $flags): match($re; $flags) | _captured;
def capture($re): if ($re | type) == "array" then capture($re[0]; $re[1]) else capture($re; null) end;
def scan($re; $flags): match($re; "g" + $flags)
  | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def splits($re; $flags): split($re; $flags) | .[];
def splits($re): splits($re; null);
def split($re; $flags): . as $text
  | [foreach ((match($re; $flags + "g") | [.offset, .length]), null) as $m ([0, null];
      if $m == null then [.[0], $text[.[0]:]] else [$m[0] + $m[1], $text[.[0]:$m[0]]] end; .[1])];
def sub($re; replacement; $flags): . as $text | [match($re; $flags)] as $matches
  | def go($at; $i; $done):
      if $i == ($matches | length) then $done + $text[$at:]
      else $matches[$i] as $m | ($m | _captured | replacement) as $new
        | go($m.offset + $m.length; $i + 1; $done + $text[$at:$m.offset] + $new) end;
    go(0; 0; "");
def sub($re; replacement): sub($re; replacement; "");
def gsub($re; replacement; $flags): sub($re; replacement; $flags + "g");
def gsub($re; replacement): sub($re; replacement; "g");
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def transpose: if . == [] then [] else . as $in | (map(length) | max) as $max
  | [range(0; $max) as $j | [range(0; $in | length) as $i | $in[$i][$j]]] end;
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def index($x): indices($x) | .[0];
def rindex($x): indices($x) | .[-1:][0];
def indices($x): if type == "array" and ($x | type) == "array" then .[$x]
  elif type == "array" then .[[$x]] elif ($x | type) == "string" and type == "string" then _indices($x) else .[[$x]] end;
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p)
  | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): {x: null, e: false} as $init
  | foreach f as $i ($init;
      if .e then $init else . end
      | if $i | length == 2
        then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
        else setpath(["e"]; $i[0] | length == 1) end;
      if .e then .x else empty end);
def truncate_stream(stream): . as $n | null | stream | . as $input
  | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;
def INDEX(stream; key): reduce stream as $row ({}; .[$row | key | tostring] |= $row);
def INDEX(key): INDEX(.[]; key);
def IN(s): any(s == .; .);
def IN(source; s): any(source == s; .);
def debug(message): (message | debug | empty), .;
def halt_error: halt_error(5);
def error(message): message | error;
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def toarray: if type == "array" then . else [.] end;
def abs: if type == "number" and . < 0 then -. else . end;
def bsearch($target): . as $in
  | if length == 0 then -1
    else [0, length - 1]
      | until(.[0] > .[1] or $in[((.[0] + .[1]) / 2 | floor)] == $target;
          ((.[0] + .[1]) / 2 | floor) as $mid
          | if $in[$mid] < $target then [$mid + 1, .[1]] else [.[0], $mid - 1] end)
      | if .[0] > .[1] then -1 - .[0] else ((.[0] + .[1]) / 2 | floor) end
    end;
