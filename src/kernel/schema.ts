import Joi from 'joi'

/**
 * The words that schemas are made of. All are strict: nothing is converted, unknown keys are refused. Rules that JSON Schema can't say
 * (NFC, code points, hidden characters) ride along as `meta({ text })` and are applied by the pipeline before the schema.
 */
export interface TextRule {
  /** in code points, after NFC */
  max: number
  /**
   * a name is shown in lists and alerts: no control characters, no bidirectional overrides, one line; an instant names a day that the
   * calendar has
   */
  kind: 'name' | 'text' | 'instant'
}

/** An id of any kind. One that does not parse is not found, like one that names nothing. */
export const id = Joi.string().min(1).max(64)

export const minorUnits = Joi.number().integer().min(1).max(Number.MAX_SAFE_INTEGER)
/** an amount in an answer: may be zero or negative */
export const signedMinorUnits = Joi.number().integer().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER)

/** Three letters; whether it is a currency that is dealt in here is the service's answer (422 `currency`). */
export const currency = Joi.string().min(1).max(8)

export const email = Joi.string().email({ tlds: false }).max(254)
export const password = Joi.string().min(8).max(128)
export const instant = Joi.string().isoDate().meta({ text: { max: 40, kind: 'instant' } satisfies TextRule })
export const limit = Joi.number().integer().min(1).max(100)
export const offset = Joi.number().integer().min(0).max(1_000_000)
export const cursor = Joi.string().min(1).max(512)
export const opaque = Joi.string().min(1).max(4096)
export const httpsUrl = Joi.string().uri({ scheme: ['https'] }).max(2048)

export function text(max: number): Joi.StringSchema {
  return Joi.string().allow('').meta({ text: { max, kind: 'text' } satisfies TextRule })
}

export function name(max: number): Joi.StringSchema {
  return Joi.string().meta({ text: { max, kind: 'name' } satisfies TextRule })
}

export function page<T>(item: Joi.Schema<T>): Joi.ObjectSchema {
  return Joi.object({ data: Joi.array().items(item).required(), has_more: Joi.boolean().required(), next: Joi.string().allow(null).required() })
}

export const nothing = Joi.object<Record<string, never>>({})
