import type { Migration } from '../../../src/platform/migrations.ts'

export interface Item {
  _id: string
  n: number
  /** how often the migration added one: once, whatever happens */
  touched: number
}

const pageSize = 10

/** Adds one to every item, page by page; the second one doubles what the first has left. */
export const samples: readonly Migration[] = [
  { number: 1, name: 'add-one', page: (step) => each(step, { $inc: { n: 1, touched: 1 } }) },
  { number: 2, name: 'double', page: (step) => each(step, { $mul: { n: 2 } }) },
]

const each = async ({ db, session, cursor }: Parameters<Migration['page']>[0], change: Record<string, Record<string, number>>): ReturnType<Migration['page']> => {
  const items = db.collection<Item>('items')
  const rows = await items
    .find(cursor === undefined ? {} : { _id: { $gt: cursor } }, { session, projection: { _id: 1 } })
    .sort({ _id: 1 })
    .limit(pageSize)
    .toArray()
  const { modifiedCount } = await items.updateMany({ _id: { $in: rows.map(({ _id }) => _id) } }, change, { session })
  return { changed: modifiedCount, ...(rows.length === pageSize ? { next: rows.at(-1)?._id as string } : {}) }
}
