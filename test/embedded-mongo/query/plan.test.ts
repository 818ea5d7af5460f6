import { BSONRegExp, Double, Int32, Long, ObjectId } from 'bson'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Doc } from '../../../src/embedded-mongo/document.ts'
import { MongoError } from '../../../src/embedded-mongo/errors.ts'
import { type IndexSpec, indexKeys, validateIndexSpec } from '../../../src/embedded-mongo/query/index-keys.ts'
import { encodeKey } from '../../../src/embedded-mongo/query/key-string.ts'
import { compileFilter } from '../../../src/embedded-mongo/query/match.ts'
import { type Plan, planQuery } from '../../../src/embedded-mongo/query/plan.ts'
import { compileSort } from '../../../src/embedded-mongo/query/sort.ts'
import { holds, refusal, shown } from './support.ts'

/** Documents, and indexes over them, as the store lays them out. */
function tableOf(docs: Doc[], specs: IndexSpec[]) {
  const rows = docs.map((doc, at) => ({ doc: { _id: at, ...doc } as Doc, record: encodeKey([at], [1]) }))
  const indexes = [{ name: '_id_', key: { _id: 1 } }, ...specs].map((spec: IndexSpec) => {
    const entries: { key: Buffer; doc: Doc }[] = []
    let multikey = false
    for (const { doc, record } of rows) {
      const found = indexKeys(spec, doc)
      multikey ||= found.multikey
      for (const each of found.keys) entries.push({ key: Buffer.concat([each, record]), doc })
    }
    return { spec, multikey, entries: entries.sort((a, b) => Buffer.compare(a.key, b.key)) }
  })
  return { rows, indexes, scan }

  function scan(plan: Plan): { docs: Doc[]; looked: number } {
    if (plan.index === null) return { docs: plan.reverse ? rows.map(({ doc }) => doc).reverse() : rows.map(({ doc }) => doc), looked: rows.length }
    const index = indexes.find(({ spec }) => spec.name === plan.index)
    const met = plan.ranges.flatMap(({ lower, upper }) => (index?.entries ?? []).filter(({ key }) => Buffer.compare(key, lower) >= 0 && Buffer.compare(key, upper) < 0).map(({ doc }) => doc))
    return { docs: [...new Set(plan.reverse ? met.reverse() : met)], looked: met.length }
  }
}

const atoms = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, 'a', 'ab', 'b') },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(new Double(1.5), Long.fromNumber(2), true, new Date(1), new ObjectId('000000000000000000000001'), new BSONRegExp('^a')) },
)
const embedded = fc.record({ x: fc.oneof({ weight: 4, arbitrary: atoms }, { weight: 1, arbitrary: fc.array(atoms, { maxLength: 2 }) }), y: atoms }, { requiredKeys: [] })
const lists = fc.oneof(fc.array(embedded, { maxLength: 3 }), fc.array(atoms, { maxLength: 3 }), fc.array(fc.oneof(atoms, embedded, fc.array(atoms, { maxLength: 2 })), { maxLength: 3 }))
const documents = fc.oneof(
  fc.array(fc.record({ a: fc.oneof(atoms, embedded), b: atoms, c: atoms }, { requiredKeys: [] }), { maxLength: 14, size: 'max' }),
  fc.array(fc.record({ a: fc.oneof(embedded, lists), b: atoms, c: atoms }, { requiredKeys: [] }), { maxLength: 14, size: 'max' }),
  fc.array(fc.record({ a: fc.oneof(atoms, lists), b: fc.oneof(atoms, lists), c: atoms }, { requiredKeys: [] }), { maxLength: 14, size: 'max' }),
)

const paths = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 3, arbitrary: fc.constantFrom('a.x', 'a.y') },
  { weight: 1, arbitrary: fc.constantFrom('b.x', 'a.0', '_id') },
)
const directions = fc.constantFrom(1, -1)

const operands = fc.oneof({ weight: 6, arbitrary: atoms }, { weight: 1, arbitrary: embedded }, { weight: 1, arbitrary: fc.array(atoms, { maxLength: 2 }) })
const predicates: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: operands },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte', '$eq', '$ne'), operands).map(([name, value]) => ({ [name]: value })) },
  { weight: 2, arbitrary: fc.tuple(atoms, atoms).map(([low, high]) => ({ $gte: low, $lt: high })) },
  { weight: 2, arbitrary: fc.array(operands, { minLength: 1, maxLength: 3 }).map((list) => ({ $in: list })) },
  { weight: 1, arbitrary: fc.array(operands, { maxLength: 2 }).map((list) => ({ $nin: list })) },
  { weight: 1, arbitrary: fc.boolean().map((wanted) => ({ $exists: wanted })) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(new BSONRegExp('^a'), new BSONRegExp('^ab?'), { $regex: '^ab*' }, { $not: { $gt: 1 } }, { $size: 2 }, { $type: 'int' }, { $all: [1, 2] }, { $in: [new BSONRegExp('^a'), 1] }, { $not: new BSONRegExp('^a') }) },
  { weight: 1, arbitrary: fc.tuple(atoms, atoms).map(([low, high]) => ({ $elemMatch: { $gte: low, $lte: high } })) },
  { weight: 2, arbitrary: fc.tuple(atoms, atoms).map(([x, y]) => ({ $elemMatch: { x, y } })) },
)
const simple = fc.uniqueArray(fc.tuple(paths, predicates), { minLength: 1, maxLength: 3, selector: ([path]) => path }).map((fields) => Object.fromEntries(fields) as Doc)
const filters: fc.Arbitrary<Doc> = fc.oneof(
  { weight: 5, arbitrary: simple },
  { weight: 2, arbitrary: fc.tuple(simple, fc.array(simple, { minLength: 1, maxLength: 3 })).map(([filter, branches]) => ({ ...filter, $or: branches })) },
  { weight: 2, arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map((branches) => ({ $and: branches })) },
  { weight: 2, arbitrary: fc.tuple(atoms, atoms, atoms, atoms).map(([x, y, z, w]) => ({ $and: [{ a: { $elemMatch: { x, y } } }, { a: { $elemMatch: { x: z, y: w } } }] })) },
  { weight: 2, arbitrary: fc.tuple(atoms, atoms, atoms, atoms).map(([x, y, z, w]) => ({ 'a.y': w, $or: [{ a: { $elemMatch: { x, y } } }, { 'a.x': z }] })) },
  { weight: 1, arbitrary: fc.constant({}) },
)
const sorts = fc.uniqueArray(fc.tuple(paths, directions), { maxLength: 2, selector: ([path]) => path }).map((fields) => Object.fromEntries(fields) as Doc)
const partials = fc.constantFrom<Doc>({ c: { $gt: 1 } }, { c: { $exists: true } }, { a: 1 }, { a: null }, { 'a.x': 1 }, { c: { $in: [1, 2] } }, { a: { $type: 'date' } }, { $and: [{ a: { $gte: 1 } }, { c: { $lte: 2 } }] }, { $or: [{ a: 1 }, { c: 2 }] })
const specs = fc.array(
  fc.record({
    fields: fc.oneof(fc.uniqueArray(fc.tuple(paths, directions), { minLength: 1, maxLength: 3, selector: ([path]) => path }), fc.tuple(directions, directions).map(([x, y]): [string, number][] => [['a.x', x], ['a.y', y]])),
    kind: fc.oneof({ weight: 3, arbitrary: fc.constant('plain' as const) }, { weight: 1, arbitrary: fc.constant('sparse' as const) }, { weight: 1, arbitrary: partials }),
  }),
  { minLength: 1, maxLength: 2 },
).map((list) =>
  list.map(({ fields, kind }, at): IndexSpec => ({ name: `i${at}`, key: Object.fromEntries(fields), ...(kind === 'plain' ? {} : kind === 'sparse' ? { sparse: true } : { partialFilterExpression: kind }) })),
)

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof MongoError) return undefined
    throw error
  }
}

describe('plans', () => {
  holds('find exactly what a scan of everything finds, in the order asked for', fc.record({ docs: documents, specs, filter: filters, sort: sorts }), 12_000, ({ docs, specs: wanted, filter, sort }) => {
    // Documents that MongoDB would refuse to index, and filters that it would not read, say nothing about plans.
    const table = tableOf(docs.filter((doc) => wanted.every((spec) => attempt(() => indexKeys(spec, doc)) !== undefined)), wanted)
    const matches = attempt(() => compileFilter(filter))
    if (matches === undefined) return
    const expected = table.rows.map(({ doc }) => doc).filter(matches)
    const order = compileSort(sort)
    const sortable = attempt(() => expected.toSorted(order)) !== undefined
    for (const hint of [undefined, ...wanted.map(({ name }) => name)]) {
      const plan = planQuery(filter, table.indexes, { sort: sortable ? sort : {}, hint })
      const found = table.scan(plan).docs.filter(matches)
      const told = `${plan.index ?? 'scan'} of ${shown({ filter, sort, docs, specs: wanted })}`
      expect(found.map((doc) => doc['_id']).toSorted(), told).to.deep.equal(expected.map((doc) => doc['_id']).toSorted())
      if (sortable && plan.sorted) for (let at = 1; at < found.length; at += 1) expect(order(found[at - 1] as Doc, found[at] as Doc), `order by ${told}`).to.be.at.most(0)
    }
  })

  it('look at no more than they need', () => {
    const docs = Array.from({ length: 200 }, (_, at) => ({ state: at % 2 === 0 ? 'due' : 'done', due: at % 50, owner: at % 5, tags: ['x', at] }))
    const table = tableOf(docs, [
      { name: 'state_due', key: { state: 1, due: 1 } },
      { name: 'owner_due', key: { owner: 1, due: -1 } },
      { name: 'tags', key: { tags: 1 } },
      { name: 'undone', key: { due: 1 }, partialFilterExpression: { state: 'due' } },
    ])
    for (const [filter, sort, index, most] of [
      [{ _id: 7 }, {}, '_id_', 1],
      [{ _id: { $in: [1, 5, 9] } }, {}, '_id_', 3],
      [{ state: 'due', due: { $lte: 3 } }, {}, 'state_due', 8],
      [{ state: 'due', due: { $gt: 3, $lte: 5 } }, { due: 1 }, 'state_due', 4],
      [{ owner: 2, due: { $gte: 45 } }, { due: -1 }, 'owner_due', 4],
      [{ owner: { $in: [1, 2] }, due: 11 }, {}, 'owner_due', 4],
      [{ tags: 17 }, {}, 'tags', 1],
      [{ tags: { $gt: 17, $lt: 19 } }, {}, 'tags', 200],
      [{ $or: [{ owner: 1, due: 1 }, { owner: 2, due: 2 }] }, {}, 'owner_due', 8],
      [{ state: { $in: ['due', 'done'] }, owner: 3, due: 3 }, {}, 'owner_due', 4],
    ] as [Doc, Doc, string, number][]) {
      const plan = planQuery(filter, table.indexes, { sort })
      expect(plan.index, shown(filter)).to.equal(index)
      expect(table.scan(plan).looked, shown(filter)).to.be.at.most(most)
      expect(plan.sorted).to.equal(true)
    }
  })

  it('take a partial index only when the filter keeps to its part', () => {
    const indexes = [{ spec: { name: 'p', key: { n: 1 }, partialFilterExpression: { state: 'open', n: { $gt: 5 } } }, multikey: false }]
    expect(planQuery({ state: 'open', n: 7 }, indexes, {}).index).to.equal('p')
    expect(planQuery({ state: { $in: ['open'] }, n: { $gte: 6 } }, indexes, {}).index).to.equal('p')
    expect(planQuery({ state: 'open', n: { $gt: 4 } }, indexes, {}).index).to.equal(null)
    expect(planQuery({ n: 7 }, indexes, {}).index).to.equal(null)
  })

  it('never ask a sparse index for what it lacks', () => {
    const indexes = [{ spec: { name: 's', key: { n: 1 }, sparse: true }, multikey: false }]
    for (const filter of [{ n: null }, { n: { $exists: false } }, { n: { $in: [1, null] } }, { n: { $lte: null } }, { n: { $ne: 1 } }]) expect(planQuery(filter as Doc, indexes, {}).index).to.equal(null)
    expect(planQuery({}, indexes, { sort: { n: 1 } }).index).to.equal(null)
    expect(planQuery({ n: { $exists: true } }, indexes, { sort: { n: 1 } })).to.deep.include({ index: 's', sorted: true })
    expect(planQuery({ n: 3 }, indexes, {}).index).to.equal('s')
  })

  it('keep conditions on two elements of one array apart', () => {
    const table = tableOf([{ a: [{ x: 1, y: 9 }, { x: 9, y: 2 }] }, { a: [{ x: 1, y: 2 }] }, { a: [[], { x: 1 }] }], [{ name: 'xy', key: { 'a.x': 1, 'a.y': 1 } }])
    for (const [filter, ids] of [
      [{ 'a.x': 1, 'a.y': 2 }, [0, 1]],
      [{ a: { $elemMatch: { x: 1, y: 2 } } }, [1]],
      [{ $and: [{ a: { $elemMatch: { x: 1 } } }, { a: { $elemMatch: { y: 2 } } }] }, [0, 1]],
      [{ a: { $elemMatch: { x: 1 } }, $or: [{ a: { $elemMatch: { y: 2 } } }] }, [0, 1]],
      [{ a: { $elemMatch: { x: null } } }, [2]],
    ] as [Doc, number[]][]) {
      const plan = planQuery(filter, table.indexes, {})
      expect(plan.index).to.equal('xy')
      expect(table.scan(plan).docs.filter(compileFilter(filter)).map((doc) => doc['_id']).toSorted(), shown(filter)).to.deep.equal(ids)
    }
  })

  it('do not trust an index on an array place with what a filter on it means', () => {
    const table = tableOf([{ a: [{ x: 1 }] }], [{ name: 'first', key: { 'a.0': 1 } }])
    const plan = planQuery({ 'a.0': null }, table.indexes, {})
    expect(table.scan(plan).docs.filter(compileFilter({ 'a.0': null }))).to.have.length(1)
  })

  it('know that null is also what is not there', () => {
    const table = tableOf([{ a: null }, {}], [{ name: 'nulls', key: { a: 1 }, partialFilterExpression: { a: { $type: 'null' } } }])
    expect(table.scan(planQuery({ a: null }, table.indexes, {})).docs).to.have.length(2)
  })

  it('join the ranges of an $or in the order of the index', () => {
    const table = tableOf([{ n: 5 }, { n: 3 }, { n: 1 }, { n: 4 }], [{ name: 'n', key: { n: 1 } }])
    const plan = planQuery({ $or: [{ n: { $gte: 4 } }, { n: 1 }, { n: { $gt: 4 } }] }, table.indexes, { sort: { n: 1 } })
    expect(plan).to.deep.include({ index: 'n', sorted: true })
    expect(table.scan(plan).docs.map(({ n }) => n)).to.deep.equal([1, 4, 5])
  })

  it('follow a hint by name, by key and by $natural, and refuse one that names nothing', () => {
    const indexes = [{ spec: { name: 'n_1', key: { n: 1 } }, multikey: false }]
    expect(planQuery({}, indexes, { hint: 'n_1' }).index).to.equal('n_1')
    expect(planQuery({}, indexes, { hint: { n: new Int32(1) } }).index).to.equal('n_1')
    expect(planQuery({ n: 1 }, indexes, { hint: { $natural: -1 } })).to.deep.include({ index: null, reverse: true })
    expect(refusal(() => planQuery({}, indexes, { hint: { n: -1 } })).codeName).to.equal('BadValue')
  })

  it('read an index backwards for the opposite order, and skip fields with one value', () => {
    const indexes = [{ spec: { name: 'i', key: { a: 1, b: -1, c: 1 } }, multikey: false }]
    expect(planQuery({}, indexes, { sort: { a: -1, b: 1 } })).to.deep.include({ index: 'i', reverse: true, sorted: true })
    expect(planQuery({ a: 1 }, indexes, { sort: { b: -1, c: 1 } })).to.deep.include({ index: 'i', reverse: false, sorted: true })
    expect(planQuery({ a: 1, b: 2 }, indexes, { sort: { b: 1, c: -1 } })).to.deep.include({ index: 'i', reverse: true, sorted: true })
    expect(planQuery({ a: { $in: [1, 2] } }, indexes, { sort: { b: -1 } })).to.deep.include({ sorted: false })
    expect(planQuery({ a: 1 }, indexes, { sort: { b: -1, c: -1 } })).to.deep.include({ sorted: false })
  })
})

describe('index keys', () => {
  const count = (key: Doc, doc: Doc, more: Partial<IndexSpec> = {}): number => indexKeys({ name: 'i', key, ...more }, doc).keys.length

  it('are one for each element of an array, each once', () => {
    expect(indexKeys({ name: 'i', key: { a: 1 } }, { a: [1, 2, 1, new Double(2)] })).to.deep.include({ multikey: true })
    expect(count({ a: 1 }, { a: [1, 2, 1, new Double(2)] })).to.equal(2)
    expect(count({ 'a.x': 1, 'a.y': 1 }, { a: [{ x: 1, y: 1 }, { x: 2, y: 1 }] })).to.equal(2)
    expect(count({ a: 1 }, { a: [] })).to.equal(1)
    expect(count({ 'a.x': 1, b: 1 }, { a: { x: [1, 2, 3] }, b: 5 })).to.equal(3)
  })

  it('leave out what sparse and partial indexes leave out', () => {
    expect(count({ a: 1, b: 1 }, { c: 1 }, { sparse: true })).to.equal(0)
    expect(count({ a: 1, b: 1 }, { b: 1 }, { sparse: true })).to.equal(1)
    expect(count({ a: 1 }, { a: null }, { sparse: true })).to.equal(1)
    expect(count({ a: 1 }, { a: 1, s: 'x' }, { partialFilterExpression: { s: 'y' } })).to.equal(0)
    expect(count({ a: 1 }, { a: 1, s: 'y' }, { partialFilterExpression: { s: 'y' } })).to.equal(1)
  })

  it('refuse two arrays at once', () => {
    expect(refusal(() => count({ a: 1, b: 1 }, { a: [1], b: [2] }))).to.deep.include({ code: 171, message: 'cannot index parallel arrays [b] [a]' })
  })

  it('are refused for kinds of index that this store does not have', () => {
    for (const [spec, code] of [
      [{ key: { a: 'text' } }, 67],
      [{ key: { a: 'hashed' } }, 67],
      [{ key: { a: '2dsphere' } }, 67],
      [{ key: { '$**': 1 } }, 67],
      [{ key: { a: 0 } }, 67],
      [{ key: {} }, 67],
      [{ key: { 'a..b': 1 } }, 67],
      [{ key: { a: 1 }, collation: { locale: 'de' } }, 67],
      [{ key: { a: 1 }, partialFilterExpression: { b: { $ne: 1 } } }, 67],
      [{ key: { a: 1 }, partialFilterExpression: { $nor: [{ b: 1 }] } }, 67],
      [{ key: { a: 1 }, sparse: true, partialFilterExpression: { b: 1 } }, 67],
      [{ key: { a: 1, b: 1 }, expireAfterSeconds: 1 }, 67],
    ] as [Omit<IndexSpec, 'name'>, number][]) expect(refusal(() => validateIndexSpec({ name: 'i', ...spec })).code, JSON.stringify(spec)).to.equal(code)
    validateIndexSpec({ name: 'i', key: { a: 1, 'b.c': new Double(-1) }, unique: true, partialFilterExpression: { b: { $exists: true }, c: { $gt: 1 } } })
  })
})

