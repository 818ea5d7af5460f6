import Joi from 'joi'
import { id, minorUnits } from '../../kernel/schema.ts'
import type { SystemNote, TipNote } from './contract.ts'

/** What a message of its type carries. */
export const systemNote = Joi.object<SystemNote, true>({
  kind: Joi.string<SystemNote['kind']>().valid('created', 'added', 'invited', 'joined', 'left', 'removed', 'admin', 'member', 'owner', 'renamed', 'settings').required(),
  actor_id: id.required(),
  subject_ids: Joi.array<string[]>().items(id).required(),
  title: Joi.string().allow(''),
})
export const tipNote = Joi.object<TipNote, true>({ tip_id: id.required(), amount_minor: minorUnits.required(), currency: Joi.string().required(), name: Joi.string().allow('', null).required(), text: Joi.string().allow('').required() })
