import { Double, Int32, Long } from 'bson'
import { expect } from 'chai'
import type { Doc } from '../../../src/embedded-mongo/document.ts'
import { compileSort } from '../../../src/embedded-mongo/query/sort.ts'
import { refusal } from './support.ts'

function sorted(spec: Doc, values: unknown[]): unknown[] {
  return values.map((a) => (a === undefined ? {} : { a }) as Doc).sort(compileSort(spec)).map(({ a }) => a)
}

describe('sorts', () => {
  it('count an array by its smallest element going up and its largest going down', () => {
    expect(sorted({ a: 1 }, [[3, 9], 4, [1, 10], 2])).to.deep.equal([[1, 10], 2, [3, 9], 4])
    expect(sorted({ a: -1 }, [[3, 9], 4, [1, 10], 2])).to.deep.equal([[1, 10], [3, 9], 4, 2])
  })

  it('put an empty array below null, which is as low as nothing', () => {
    expect(sorted({ a: 1 }, [1, null, [], undefined, 'x'])).to.deep.equal([[], null, undefined, 1, 'x'])
    expect(sorted({ a: -1 }, [1, null, [], undefined, 'x'])).to.deep.equal(['x', 1, null, undefined, []])
  })

  it('mix number types by value', () => {
    expect(sorted({ a: 1 }, [new Double(2.5), new Int32(2), Long.fromNumber(3)]).map(Number)).to.deep.equal([2, 2.5, 3])
  })

  it('go by further fields, paths and array rows', () => {
    const docs: Doc[] = [{ a: { b: 1 }, c: 2 }, { a: { b: 1 }, c: 1 }, { a: [{ b: 0 }, { b: 5 }], c: 9 }]
    expect(docs.toSorted(compileSort({ 'a.b': 1, c: -1 })).map(({ c }) => c)).to.deep.equal([9, 2, 1])
    const rows: Doc[] = [{ n: 1, a: [{ x: 1, y: 5 }, { x: 2, y: 0 }] }, { n: 2, a: [{ x: 1, y: 4 }] }]
    expect(rows.toSorted(compileSort({ 'a.x': 1, 'a.y': 1 })).map(({ n }) => n)).to.deep.equal([2, 1])
  })

  it('refuse directions and arrays that mean nothing', () => {
    expect(refusal(() => compileSort({ a: 2 })).code).to.equal(15975)
    expect(refusal(() => compileSort({ a: 'up' })).code).to.equal(15974)
    expect(refusal(() => compileSort({ a: { $meta: 'textScore' } })).code).to.equal(15974)
    expect(refusal(() => [{ a: [1], b: [1] }, { a: 1 }].toSorted(compileSort({ a: 1, b: 1 })))).to.deep.include({ code: 2, message: 'cannot sort with keys that are parallel arrays' })
  })
})
