// Loads the search of a documentation folder as its pages do, with the hooks that they give it, and asks it for each word:
// the item that belongs to the word must be among the first results.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import vm from "node:vm";

const FIRST = 8;
const CRATE = "cqhttp";

const [folder, wordsFile] = process.argv.slice(2);
const doc = resolve(folder);
const words = JSON.parse(readFileSync(wordsFile, "utf8"));

/** The one file of a folder whose name has this beginning. */
function only(where, beginning) {
  const found = readdirSync(join(doc, where)).filter((name) => name.startsWith(beginning) && name.endsWith(".js"));
  if (found.length !== 1) {
    throw new Error(`${join(doc, where)}: expected one file ${beginning}….js, found ${found.length}; run cargo doc first`);
  }
  return join(doc, where, found[0]);
}

// The pages define this function in another file.
globalThis.nonnull = (value) => {
  if (value === null || value === undefined) {
    throw new Error("the search has found nothing where it expects a value");
  }
  return value;
};

const require = createRequire(import.meta.url);
const { Stringdex, RoaringBitmap } = require(only("static.files", "stringdex-"));
const { initSearch } = require(only("static.files", "search-"));

let callbacks;
/** Runs a file of the index: it calls one of the search's functions with its data. */
function load(file, failed) {
  try {
    vm.runInNewContext(readFileSync(file, "utf8"), callbacks);
  } catch (error) {
    failed(error);
  }
}

const hooks = {
  loadRoot: (functions) => {
    callbacks = functions;
    load(only("search.index", "root"), (error) => functions.err_rr_(error));
  },
  loadTreeByHash: (hash) =>
    load(join(doc, "search.index", `${hash}.js`), (error) => callbacks.err_rn_(hash, error)),
  loadDataByNameAndHash: (name, hash) =>
    load(join(doc, "search.index", name, `${hash}.js`), (error) => callbacks.err_rd_(hash, error)),
};

const { docSearch, DocSearch } = await initSearch(Stringdex, RoaringBitmap, hooks);

/** The paths of the first results for a word, as the page lists them. */
async function ask(word) {
  const results = await docSearch.execQuery(DocSearch.parseQuery(word), null, CRATE);
  const paths = [];
  for await (const result of results.others) {
    // `../cqhttp/struct.Client.html#method.set_group_ban`
    const [page, place] = result.href.split("#");
    const owner = page.split("/").pop().split(".")[1];
    paths.push(place ? `${owner}::${place.split(".").pop()}` : owner);
    if (paths.length === FIRST) {
      break;
    }
  }
  return paths;
}

let missing = 0;
for (const [word, expected] of Object.entries(words)) {
  const found = await ask(word);
  if (!found.includes(expected)) {
    missing += 1;
    console.error(`${word}: expected ${expected} among the first ${FIRST}, found ${found.join(", ") || "nothing"}`);
  }
}
if (missing > 0) {
  process.exit(1);
}
console.log(`tests/search: each of ${Object.keys(words).length} words finds its item`);
