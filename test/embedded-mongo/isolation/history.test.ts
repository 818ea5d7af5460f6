import { expect } from 'chai'
import { findAnomalies } from './history.ts'
import type { Step, Transaction } from './history.ts'

describe('the judge of list-append histories', () => {
  it('finds nothing in a history that ran one after the other', () => {
    const history = [committed(1, append(1, 10)), committed(2, read(1, 10), append(1, 11)), committed(3, read(1, 10, 11), read(2))]
    expect(judge(history, { 1: [10, 11] })).to.deep.equal([])
  })

  it('lets a write skew pass, for snapshot isolation does', () => {
    const history = [together(1, read(1), append(2, 20)), together(2, read(2), append(1, 10))]
    expect(judge(history, { 1: [10], 2: [20] })).to.deep.equal([])
  })

  it('sees a lost update', () => {
    const history = [together(1, read(1), append(1, 10)), together(2, read(1), append(1, 11))]
    expect(judge(history, { 1: [11] })[0]).to.contain('lost write: 10')
    expect(judge(history, { 1: [10, 11] })[0])
      .to.match(/-rw-> 1'/)
      .and.match(/-ww->/)
  })

  it('sees a read of what was taken back, and of what was not yet finished', () => {
    const taken = [aborted(1, append(1, 10)), together(2, read(1, 10))]
    expect(judge(taken, {})[0]).to.contain('never was')
    const unfinished = [together(1, append(1, 10), append(1, 11)), together(2, read(1, 10))]
    expect(judge(unfinished, { 1: [10, 11] })[0]).to.contain('cycle')
  })

  it('sees a transaction taken back whose write stayed', () => {
    expect(judge([aborted(1, append(1, 10))], { 1: [10] })[0]).to.contain('did not commit')
  })

  it('sees half of a transaction read: one key of it new, the other old', () => {
    const history = [together(1, append(1, 10), append(2, 20)), together(2, read(1, 10), read(2))]
    expect(judge(history, { 1: [10], 2: [20] })[0]).to.contain('cycle')
  })

  it('sees the long fork, in which two readers disagree about which of two writes came first', () => {
    const history = [
      together(1, append(1, 10)),
      together(2, append(2, 20)),
      together(3, read(1, 10), read(2)),
      together(4, read(1), read(2, 20)),
    ]
    expect(judge(history, { 1: [10], 2: [20] })[0]).to.contain('cycle')
  })

  it('sees a snapshot that changes under its reader', () => {
    const history = [together(1, append(1, 10)), together(2, read(1), read(1, 10))]
    expect(judge(history, { 1: [10] })[0]).to.contain('two snapshots')
  })

  it('sees a reader without its own writes', () => {
    expect(judge([together(1, append(1, 10), read(1))], { 1: [10] })[0]).to.contain('own appends')
  })

  it('sees a reader that began after an acknowledgement and knows nothing of it', () => {
    expect(judge([committed(1, append(1, 10)), committed(2, read(1))], { 1: [10] })[0]).to.contain('-time->')
  })

  it('takes a commit whose answer was lost as it turns out to be', () => {
    const lost: Transaction = { id: 1, begun: 1, ended: Infinity, outcome: 'unknown', steps: [append(1, 10), append(2, 20)] }
    expect(judge([lost], { 1: [10], 2: [20] })).to.deep.equal([])
    expect(judge([lost], {})).to.deep.equal([])
    expect(judge([lost], { 1: [10] })[0]).to.contain('lost write: 20')
  })
})

function judge(history: Transaction[], final: Record<number, number[]>): string[] {
  return findAnomalies(history, new Map(Object.entries(final).map(([key, values]) => [Number(key), values])))
}

/** Ran alone, after those with smaller ids. */
function committed(id: number, ...steps: Step[]): Transaction {
  return { id, begun: id * 2, ended: id * 2 + 1, outcome: 'committed', steps }
}

/** Ran at the same time as all others of its kind. */
function together(id: number, ...steps: Step[]): Transaction {
  return { id, begun: id, ended: id + 1_000, outcome: 'committed', steps }
}

function aborted(id: number, ...steps: Step[]): Transaction {
  return { ...together(id, ...steps), outcome: 'aborted' }
}

function append(key: number, value: number): Step {
  return { kind: 'append', key, value }
}

function read(key: number, ...values: number[]): Step {
  return { kind: 'read', key, values }
}
