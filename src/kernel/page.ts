/** How lists answer: `next` is the cursor of the page after, null at the end. */
export interface Page<T> {
  data: T[]
  has_more: boolean
  next: string | null
}

export interface PageQuery {
  limit?: number
  cursor?: string
}

/** Cuts a list that was read one row too long into a page. */
export function pageOf<T>(rows: T[], limit: number, cursorOf: (row: T) => string): Page<T> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const more = rows.length > limit && last !== undefined
  return { data, has_more: more, next: more ? cursorOf(last) : null }
}
