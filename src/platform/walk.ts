import type { Violation } from '../kernel/feature.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const pageSize = 200
const maxReported = 100

/** The part of a model that a walk reads. */
interface Walked<Row> {
  find(filter: { _id: { $gt: string } }): { sort(order: { _id: 1 }): { limit(n: number): { lean(): PromiseLike<Row[]> } } }
}

/**
 * Looks at every row of a collection, a page at a time: each page, and what is read beside it, in a snapshot of its own, since rows
 * move while they are walked over. A page costs the same few questions whatever is on it.
 */
export async function walk<Row extends { _id: string }>(unitOfWork: Pick<UnitOfWork, 'read'>, model: Walked<Row>, look: (page: Row[]) => Promise<Violation[]> | Violation[]): Promise<Violation[]> {
  const found: Violation[] = []
  for (let after: string | undefined = ''; after !== undefined && found.length < maxReported; ) {
    const { page, violations } = await unitOfWork.read(async () => {
      const rows: Row[] = await model.find({ _id: { $gt: after as string } }).sort({ _id: 1 }).limit(pageSize).lean()
      return { page: rows, violations: rows.length === 0 ? [] : await look(rows) }
    })
    found.push(...violations)
    after = page.length < pageSize ? undefined : page.at(-1)?._id
  }
  return found.slice(0, maxReported)
}

/** What each row is at fault for by a rule. */
export function faultsOf<Row extends { _id: string }>(check: string, page: readonly Row[], faultOf: (row: Row) => string | undefined): Violation[] {
  return page.flatMap((row) => {
    const detail = faultOf(row)
    return detail === undefined ? [] : [{ check, detail, subject: row._id }]
  })
}

/** Rows that belong to others, found by whom they belong to. */
export function groupedBy<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): ReadonlyMap<Key, Row[]> {
  const groups = new Map<Key, Row[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}
