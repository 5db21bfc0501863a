// Validates every GraphQL document that SyncFlow sends, and the sandbox's cut of the schema, against the published
// Admin API schema 2026-10 (introspection data in the package @shopify/dev-mcp).
//
//   node check.mjs               exit 1 and the messages when something does not hold
//   node check.mjs --self-test   breaks things on purpose and exits 1 unless each is found
//
// GRAPHQL_CONTRACT_MODULES names the folder that holds node_modules, when it is not this one.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const version = '2026-10';
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const documentsFolder = path.join(root, 'SyncFlow.Channels/Shopify/Documents');
const cutFile = path.join(root, `SyncFlow.Simulator/Shopify/admin-${version}.graphql`);
const modules = process.env.GRAPHQL_CONTRACT_MODULES ?? here;
const require = createRequire(path.join(modules, 'package.json'));
const { buildClientSchema, buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType, parse, validate } =
  require('graphql');

function publishedSchema() {
  const file = path.join(modules, `node_modules/@shopify/dev-mcp/dist/data/admin_${version}.json.gz`);
  const introspection = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  return buildClientSchema(introspection.data ?? introspection);
}

/** Name and text of each document file. */
function readDocuments() {
  return new Map(readdirSync(documentsFolder).filter((f) => f.endsWith('.graphql')).sort()
    .map((f) => [f.slice(0, -'.graphql'.length), readFileSync(path.join(documentsFolder, f), 'utf8')]));
}

/** A document with the fragments it spreads, as the adapter sends it. */
function complete(text, texts) {
  const parts = [text];
  const taken = new Set();
  for (let i = 0; i < parts.length; i++) {
    for (const [, name] of parts[i].matchAll(/\.\.\.([A-Z]\w*)/g)) {
      if (!taken.has(name)) {
        taken.add(name);
        parts.push(texts.get(name) ?? '');
      }
    }
  }

  return parts.join('\n');
}

function problemsOfDocuments(schema, texts) {
  const problems = [];
  const spread = new Set([...texts.values()].flatMap((t) => [...t.matchAll(/\.\.\.([A-Z]\w*)/g)].map((m) => m[1])));
  for (const [name, text] of texts) {
    const say = (message) => problems.push(`${name}.graphql: ${message}`);
    try {
      const definitions = parse(text).definitions;
      if (definitions.length !== 1) {
        say(`holds ${definitions.length} definitions; one operation or fragment a file`);
      } else if (definitions[0].name?.value !== name) {
        say(`names its definition ${definitions[0].name?.value}`);
      } else if (definitions[0].kind === 'FragmentDefinition') {
        if (!spread.has(name)) {
          say('is a fragment that nothing spreads');
        }
      } else {
        validate(schema, parse(complete(text, texts))).forEach((error) => say(error.message));
      }
    } catch (error) {
      say(error.message);
    }
  }

  return problems;
}

/** Everything in the sandbox's cut must stand in the published schema with the same type. */
function problemsOfCut(schema, text) {
  const problems = [];
  const cut = buildSchema(text, { assumeValid: true });
  for (const type of Object.values(cut.getTypeMap()).filter((t) => !t.name.startsWith('__'))) {
    const real = schema.getType(type.name);
    if (!real) {
      problems.push(`cut: type ${type.name} does not exist`);
    } else if (isEnumType(type)) {
      const values = new Set(real.getValues().map((v) => v.name));
      type.getValues().filter((v) => !values.has(v.name))
        .forEach((v) => problems.push(`cut: ${type.name}.${v.name} does not exist`));
    } else if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      problems.push(...problemsOfFields(type, real));
    }
  }

  return problems;
}

function problemsOfFields(type, real) {
  const problems = [];
  for (const field of Object.values(type.getFields())) {
    const published = real.getFields()[field.name];
    if (!published) {
      problems.push(`cut: ${type.name}.${field.name} does not exist`);
      continue;
    }

    if (String(published.type) !== String(field.type)) {
      problems.push(`cut: ${type.name}.${field.name} is ${published.type}, not ${field.type}`);
    }

    for (const arg of field.args ?? []) {
      const given = published.args.find((a) => a.name === arg.name);
      if (String(given?.type) !== String(arg.type)) {
        problems.push(`cut: ${type.name}.${field.name}(${arg.name}:) is ${given?.type}, not ${arg.type}`);
      }
    }
  }

  return problems;
}

/** Each planted mistake must be found. */
function selfTest(schema, texts, cut) {
  const planted = [
    ['a field that does not exist', () => problemsOfDocuments(schema, new Map(texts).set('Shop', texts.get('Shop').replace('ianaTimezone', 'ianaTimezon')))],
    ['a wrong variable type', () => problemsOfDocuments(schema, new Map(texts).set('OrdersById', texts.get('OrdersById').replace('$ids: [ID!]!', '$ids: [Int!]!')))],
    ['a mistake inside a fragment', () => problemsOfDocuments(schema, new Map(texts).set('LinePage', texts.get('LinePage').replace('unfulfilledQuantity', 'openQuantity')))],
    ['a document that does not parse', () => problemsOfDocuments(schema, new Map(texts).set('Levels', texts.get('Levels').replace('{', '')))],
    ['a wrong type in the cut', () => problemsOfCut(schema, cut.replace('inventoryQuantity: Int\n', 'inventoryQuantity: String\n'))],
  ];
  return planted.filter(([, find]) => find().length === 0).map(([what]) => `self-test: ${what} was not found`);
}

const schema = publishedSchema();
const texts = readDocuments();
const cut = readFileSync(cutFile, 'utf8');
const problems = texts.size === 0 ? [`no documents in ${documentsFolder}`]
  : process.argv.includes('--self-test') ? selfTest(schema, texts, cut)
  : [...problemsOfDocuments(schema, texts), ...problemsOfCut(schema, cut)];
problems.forEach((problem) => console.error(problem));
console.log(problems.length === 0 ? `${texts.size} documents hold against ${version}` : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
