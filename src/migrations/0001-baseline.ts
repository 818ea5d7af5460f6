import type { Migration } from '../platform/migrations.ts'

/** What release 0.1.0 stores. Databases from before there were versions are the same, so there is nothing to change: from here on they count. */
export const baseline: Migration = {
  number: 1,
  name: 'baseline',
  page: async () => ({ changed: 0 }),
}
