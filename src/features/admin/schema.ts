import Joi from 'joi'
import type { Violation } from '../../kernel/feature.ts'
import type { SandboxFaults } from './contract.ts'

export const check = Joi.object<{ full?: boolean }>({ full: Joi.boolean() })
export const violations = Joi.object<{ violations: Violation[] }>({
  violations: Joi.array<Violation[]>()
    .items(Joi.object<Violation>({ check: Joi.string().required(), detail: Joi.string().required(), subject: Joi.string() }))
    .required(),
})

const count = Joi.number().integer().min(0).max(100).allow(null)
const flag = Joi.boolean().allow(null)
const faults = {
  duplicate: count,
  reorder: flag,
  delay_ms: Joi.number().integer().min(0).max(600_000).allow(null),
  drop: Joi.alternatives(Joi.number().integer().min(0).max(1_000), Joi.boolean()).allow(null),
  forge: flag,
  timeout_after_charge: flag,
}
export const setFaults = Joi.object<SandboxFaults>(faults)
export const presentFaults = Joi.object<Required<SandboxFaults>>(faults)
