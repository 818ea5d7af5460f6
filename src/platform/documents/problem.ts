import Joi from 'joi'
import { type ErrorCode, errorCodes, type FieldError, type Problem, statusOf, titleOf, toProblem, AppError } from '../../kernel/errors.ts'
import { type JsonSchema, toJsonSchema } from './json-schema.ts'

const fieldError = Joi.object<FieldError, true>({
  path: Joi.string().allow('').required().description('Dotted path of the field; empty for the whole').example('amount'),
  code: Joi.string().required().description('`unknown-field`, `forbidden-key`, `text` or the word of the rule that was broken').example('number.min'),
  detail: Joi.string().required().description('A sentence about the rule; never the value').example('number: min 1'),
})

const problem = Joi.object<Problem, true>({
  type: Joi.string().required().description('Where the code is explained, relative to the server').example('/problems/insufficient-funds'),
  title: Joi.string().required(),
  status: Joi.number().integer().min(400).max(599).required(),
  code: Joi.string<ErrorCode>().valid(...errorCodes).required(),
  detail: Joi.string(),
  errors: Joi.array<FieldError[]>().items(fieldError).description('The fields that were refused, with `validation`'),
  retry_after_ms: Joi.number().integer().min(0).description('When the same request may go through'),
  request_id: Joi.string().description('Names this request in the logs'),
})

/** RFC 9457 problem details as every refusal has them, on both doors. */
export function problemSchema(): JsonSchema {
  return { ...toJsonSchema(problem, 'problem'), description: 'RFC 9457 problem details: the same object over HTTP and in the acknowledgement of a socket command.' }
}

const mayPass = new Set<ErrorCode>(['rate-limited', 'slow-mode', 'in-progress', 'retry'])

export function exampleProblem(code: ErrorCode): Problem {
  const errors = code === 'validation' ? { errors: [{ path: 'amount', code: 'number.min', detail: 'number: min 1' }] } : {}
  const later = mayPass.has(code) ? { retry_after_ms: 1_000 } : {}
  return toProblem(new AppError(code, { ...errors, ...later }), 'req_019b0f6ac1d27b3e8c4d5e6f70819203')
}

export function canBeRepeated(code: ErrorCode): boolean {
  return mayPass.has(code)
}

/** The codes of a list, each with its sentence, in Markdown. */
export function sentencesOf(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `- \`${code}\`: ${titleOf(code)}.`).join('\n')
}

/** A problem whose code is one of these. */
export function problemOf(codes: readonly ErrorCode[]): JsonSchema {
  const statuses = [...new Set(codes.map(statusOf))]
  return { allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { code: { enum: [...codes] }, status: { enum: statuses } } }] }
}
