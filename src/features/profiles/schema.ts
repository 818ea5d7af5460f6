import Joi from 'joi'
import { cursor, httpsUrl, id, limit, name, page, signedMinorUnits, text } from '../../kernel/schema.ts'
import type { Creator, OwnCreator, UpdateCreator } from './contract.ts'

const shape = {
  id: id.required(),
  name: Joi.string().required(),
  bio: Joi.string().allow('').required(),
  avatar: Joi.string().allow(null).required(),
  earnings: signedMinorUnits.allow(null).required(),
  followers: Joi.number().integer().min(0).required(),
}

export const creator = Joi.object<Creator, true>(shape)
export const ownCreator = Joi.object<OwnCreator, true>({ ...shape, full_name: Joi.string().required(), bank_account: Joi.string().allow(null).required() })
export const creatorPage = page(creator)

export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })
export const searchQuery = Joi.object<{ q?: string; limit?: number; cursor?: string }>({ q: text(100), limit, cursor })
export const updateCreator = Joi.object<UpdateCreator>({
  full_name: name(100),
  bio: text(1_000),
  avatar_url: httpsUrl.allow(null),
  // Digits, letters and the separators of IBANs and account numbers.
  bank_account: Joi.string()
    .pattern(/^[A-Za-z0-9][A-Za-z0-9 \-/.]{2,62}[A-Za-z0-9]$/)
    .allow(null),
})
