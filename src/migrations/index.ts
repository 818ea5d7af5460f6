import type { Migration } from '../platform/migrations.ts'
import { baseline } from './0001-baseline.ts'
import { paymentsAreOpenUntil } from './0002-payments-are-open-until.ts'

/** In order, and only ever longer. */
export const migrations: readonly Migration[] = [baseline, paymentsAreOpenUntil]
