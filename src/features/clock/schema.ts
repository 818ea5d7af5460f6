import Joi from 'joi'
import { id, instant } from '../../kernel/schema.ts'
import type { ClockFacts, ClockOperations, ClockRun, ClockState } from './contract.ts'

/** Years to seconds, whole numbers, no fractions and no sign. */
const duration = Joi.string()
  .pattern(/^P(?=\d|T\d)(\d{1,3}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?(T(?=\d)(\d{1,6}H)?(\d{1,8}M)?(\d{1,9}S)?)?$/, 'duration')
  .max(40)

const offsetMs = Joi.number().integer().min(0)
const run = {
  run_id: id.required(),
  by: duration.required(),
  from: instant.required(),
  to: instant.required(),
  state: Joi.string<ClockRun['state']>().valid('running', 'done', 'stuck', 'cut').required(),
  started_at: instant.required(),
  finished_at: instant.allow(null).required(),
  ran: Joi.array<ClockRun['ran']>()
    .items(Joi.object<ClockRun['ran'][number], true>({ table: Joi.string().required(), rows: Joi.number().integer().min(0).required() }))
    .required(),
  stuck: Joi.string().allow(null).required(),
}

export const advance = Joi.object<ClockOperations['clock:advance']['input'], true>({ by: duration.required() })
export const advanced = Joi.object<ClockOperations['clock:advance']['output'], true>({ now: instant.required() })
export const now = Joi.object<ClockOperations['clock:now']['output'], true>({ now: instant.required(), offset_ms: offsetMs.required() })
export const state = Joi.object<ClockState, true>({
  now: instant.required(),
  offset_ms: offsetMs.required(),
  movable: Joi.boolean().required(),
  next: Joi.array<ClockState['next']>()
    .items(Joi.object<ClockState['next'][number], true>({ table: Joi.string().required(), at: instant.required() }))
    .required(),
  runs: Joi.array<ClockRun[]>().items(Joi.object<ClockRun, true>(run)).required(),
})
export const moved = Joi.object<ClockFacts['clock:moved'], true>({ ...run, now: instant.required() })
