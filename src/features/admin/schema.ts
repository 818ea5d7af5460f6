import Joi from 'joi'
import type { Violation } from '../../kernel/feature.ts'
import { cursor, id, instant, limit, page, text } from '../../kernel/schema.ts'
import type { AuditEntry, AuditQuery, Delivery, JobRun, KeptMail, MailQuery, MaintenanceState, SandboxFaults, SetMaintenance } from './contract.ts'

export const check = Joi.object<{ full?: boolean }>({ full: Joi.boolean() })
export const violations = Joi.object<{ violations: Violation[] }>({
  violations: Joi.array<Violation[]>()
    .items(Joi.object<Violation>({ check: Joi.string().required(), detail: Joi.string().required(), subject: Joi.string() }))
    .required(),
})

export const setMaintenance = Joi.object<SetMaintenance, true>({ on: Joi.boolean().required(), message: text(200) })
export const maintenance = Joi.object<MaintenanceState, true>({ on: Joi.boolean().required(), message: Joi.string(), since: instant })

const count = Joi.number().integer().min(0).max(100).allow(null)
const flag = Joi.boolean().allow(null)
const faults = {
  duplicate: count,
  reorder: flag,
  delay_ms: Joi.number().integer().min(0).max(72 * 3600_000).allow(null),
  drop: Joi.alternatives(Joi.number().integer().min(0).max(1_000), Joi.boolean()).allow(null),
  forge: flag,
  timeout_after_charge: flag,
}
export const setFaults = Joi.object<SandboxFaults>(faults)
export const presentFaults = Joi.object<Required<SandboxFaults>>(faults)

const deliveryState = Joi.string<Delivery['state']>().valid('due', 'parked')
const subscriber = Joi.string().min(1).max(128)
export const deliveryQuery = Joi.object<{ state?: Delivery['state']; limit?: number; cursor?: string }, true>({ state: deliveryState, limit, cursor })
export const retry = Joi.object<{ event_id: string; subscriber: string }, true>({ event_id: id.required(), subscriber: subscriber.required() })
export const delivery = Joi.object<Delivery, true>({
  event_id: id.required(),
  event: Joi.string().required(),
  subscriber: subscriber.required(),
  state: deliveryState.required(),
  attempts: Joi.number().integer().min(0).required(),
  last_error: Joi.string().allow(null, '').required(),
  due_at: instant.required(),
})
export const deliveryPage = page(delivery)

export const jobList = Joi.object<{ data: JobRun[] }, true>({
  data: Joi.array<JobRun[]>()
    .items(
      Joi.object<JobRun, true>({
        name: Joi.string().required(),
        every_ms: Joi.number().integer().min(1).required(),
        kind: Joi.string<JobRun['kind']>().valid('timer', 'scheduled').required(),
        runs: Joi.number().integer().min(0).required(),
        failures: Joi.number().integer().min(0).required(),
        last_run_at: instant.allow(null).required(),
        last_ms: Joi.number().integer().allow(null).required(),
        last_error: Joi.string().allow(null, '').required(),
      }),
    )
    .required(),
})

const word = Joi.string().min(1).max(64)
export const auditQuery = Joi.object<AuditQuery, true>({ action: word, subject: Joi.string().min(1).max(128), limit, cursor })
export const auditPage = page(
  Joi.object<AuditEntry, true>({
    audit_id: id.required(),
    at: instant.required(),
    actor: Joi.string().required(),
    actor_name: Joi.string().allow('').required(),
    action: word.required(),
    subject: Joi.string().required(),
    address: Joi.string().allow('').required(),
    request_id: Joi.string().required(),
    details: Joi.object().unknown(true).required(),
  }),
)

export const mailQuery = Joi.object<MailQuery, true>({ limit, cursor })
export const mailPage = page(
  Joi.object<KeptMail, true>({
    mail_id: id.required(),
    to: Joi.string().required(),
    subject: Joi.string().required(),
    text: Joi.string().allow(null, '').required(),
    state: Joi.string<KeptMail['state']>().valid('due', 'sent', 'parked', 'kept').required(),
    attempts: Joi.number().integer().min(0).required(),
    last_error: Joi.string().allow(null, '').required(),
    created_at: instant.required(),
  }),
)
