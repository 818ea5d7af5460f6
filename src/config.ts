import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Joi from 'joi'

/** Every setting, in one place: name, rule, default and the sentence that `.env.example` prints. Nothing else reads the environment. */
export interface Settings {
  NODE_ENV: 'development' | 'production' | 'test'
  PORT: number
  HOST: string
  DATA_DIR: string
  PUBLIC_URL?: string
  MONGODB_URI?: string
  REDIS_URL?: string
  SECRET?: string
  SECRET_PREVIOUS?: string
  ADMIN_EMAIL: string
  ADMIN_PASSWORD?: string
  PAYMENT_PROVIDERS: 'sandbox'[]
  ALLOW_SANDBOX: boolean
  DEFAULT_CURRENCY: string
  TIP_FEE_BPS: number
  MEMBERSHIP_FEE_BPS: number
  PAYOUT_MINIMUM: number
  PAYOUT_SECOND_APPROVAL: number
  MATURATION_DAYS: number
  MATURATION_DAYS_NEW: number
  ANNOUNCEMENTS_PER_SECOND: number
  ANNOUNCEMENTS_PER_DAY: number
  ALLOWED_ORIGINS: string[]
  TRUSTED_PROXIES: string[]
  SMTP_URL?: string
  MAIL_FROM: string
  METRICS_TOKEN?: string
  ERROR_WEBHOOK_URL?: string
  SLOW_MS: number
  MEDIA_DIR?: string
  MEDIA_QUOTA_MB: number
  MEDIA_IMAGE_MB: number
  MEDIA_VOICE_MB: number
  MEDIA_VIDEO_MB: number
  MEDIA_FILE_MB: number
  MEDIA_VOICE_MINUTES: number
  MEDIA_VIDEO_MINUTES: number
  S3_ENDPOINT?: string
  S3_REGION: string
  S3_BUCKET?: string
  S3_ACCESS_KEY_ID?: string
  S3_SECRET_ACCESS_KEY?: string
  S3_CHECKSUM: 'signed' | 'stored' | 'none'
  LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  FAILPOINT?: string
}

/** A setting is wrong or missing: the start ends with exit code 78 and every fault named, no value shown. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

// Values that stand in examples and tutorials; a server that runs on one has no secret.
const wellKnownSecrets = /^(.)\1*$|secret|change.?me|password|example|default/i

const secret = Joi.string()
  .min(32)
  .max(1024)
  .pattern(wellKnownSecrets, { invert: true, name: 'well-known' })
  .messages({ 'string.min': 'needs at least 32 characters', 'string.pattern.invert.name': 'is a well-known or example value' })

const list = (item: Joi.Schema) =>
  Joi.array()
    .items(item)
    .custom((value: string[]) => Object.freeze(value))
const url = (...scheme: string[]) => Joi.string().uri({ scheme })
const originUrl = url('http', 'https').pattern(/^https?:\/\/[^/?#]+$/, 'origin').messages({ 'string.pattern.name': 'must be an origin, without a path' })

const megabytes = (most: number) => Joi.number().integer().min(1).max(most)
const s3Names = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const

export const settingsSchema = Joi.object<Settings>({
  NODE_ENV: Joi.valid('development', 'production', 'test').default('development').description('`production` refuses every convenience that would be unsafe there'),
  PORT: Joi.number().port().default(3000).description('The port to listen on; 0 takes a free one'),
  HOST: Joi.string().hostname().default('127.0.0.1').description('The address to listen on'),
  DATA_DIR: Joi.string().min(1).default('./data').description('Where the embedded store and the made secret live; made with mode 0700'),
  PUBLIC_URL: originUrl.description('The address that people and payment companies reach this server at; http://HOST:PORT when absent'),
  MONGODB_URI: url('mongodb', 'mongodb+srv').description('A MongoDB replica set; the embedded store is used when absent'),
  REDIS_URL: url('redis', 'rediss').description('A Redis that joins several processes: facts, limits, presence. One process needs none'),
  SECRET: Joi.when('NODE_ENV', { is: 'production', then: secret.required(), otherwise: secret }).description(
    'All keys are derived from it: at least 32 random characters. Made once in DATA_DIR when absent; required in production',
  ),
  SECRET_PREVIOUS: secret.description('The secret before this one, still accepted while it is replaced'),
  ADMIN_EMAIL: Joi.string().email({ tlds: false }).default('admin@ovation.local').description('The admin made at the first start'),
  ADMIN_PASSWORD: Joi.string().min(12).max(128).description('The password of that admin; made and printed once when absent'),
  PAYMENT_PROVIDERS: list(Joi.valid('sandbox')).min(1).default(['sandbox']).description('Payment companies, comma-separated; the first is the default. Known: sandbox'),
  ALLOW_SANDBOX: Joi.boolean().truthy('1').falsy('0').default(false).description('1 permits the sandbox provider in production'),
  DEFAULT_CURRENCY: Joi.string().length(3).uppercase().default('ZMW').description('The ISO 4217 currency of new wallets'),
  TIP_FEE_BPS: Joi.number().integer().min(0).max(5000).default(500).description("The platform's share of a tip in hundredths of a percent"),
  MEMBERSHIP_FEE_BPS: Joi.number().integer().min(0).max(5000).default(800).description("The platform's share of what a membership costs, in hundredths of a percent; of each payment by what it was then"),
  PAYOUT_MINIMUM: Joi.number().integer().min(1).max(1_000_000_000).default(10_000).description('The least that is paid out, in minor units of the default currency'),
  PAYOUT_SECOND_APPROVAL: Joi.number().integer().min(0).max(1_000_000_000).default(5_000_000).description('Two admins have to agree to payouts of more than this, in minor units of the default currency'),
  MATURATION_DAYS: Joi.number().integer().min(1).max(90).default(7).description('How many days after the day on which they were earned earnings can be paid out'),
  MATURATION_DAYS_NEW: Joi.number().integer().min(1).max(90).default(14).description('The same for whoever became a creator within the last 30 days'),
  ANNOUNCEMENTS_PER_SECOND: Joi.number().integer().min(1).max(1_000).default(20).description("How many people creators' announcements reach in a second, all together"),
  ANNOUNCEMENTS_PER_DAY: Joi.number().integer().min(1).max(100).default(5).description('How many announcements a creator may make on one day, by UTC'),
  ALLOWED_ORIGINS: list(originUrl).default([]).description('Other origins whose pages may call this server, comma-separated'),
  TRUSTED_PROXIES: list(Joi.string().ip({ cidr: 'optional' })).default([]).description('Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed, comma-separated'),
  SMTP_URL: url('smtp', 'smtps').description('The mail server, with its login; without one mails are kept for admins to read, which is for development'),
  MAIL_FROM: Joi.string().min(3).max(320).default('Ovation <ovation@localhost>').description('The sender of mails'),
  METRICS_TOKEN: Joi.string().min(16).max(256).description('Bearer token of /metrics; without one there are no metrics'),
  ERROR_WEBHOOK_URL: url('http', 'https').description('Faults of the server are posted there as JSON, without secrets and at most 20 a minute; nowhere when absent'),
  SLOW_MS: Joi.number().integer().min(0).max(60_000).default(1_000).description('Requests and operations that take at least so many milliseconds are logged at level info'),
  MEDIA_DIR: Joi.string().min(1).description('Where files that people send lie, and where they are written while they come; `media` in DATA_DIR when absent. Several processes share one, or use S3'),
  MEDIA_QUOTA_MB: megabytes(1_000_000).default(1_000).description('How many megabytes of files one person may have here'),
  MEDIA_IMAGE_MB: megabytes(100).default(15).description('The largest picture that is taken, in megabytes'),
  MEDIA_VOICE_MB: megabytes(200).default(20).description('The largest voice note, in megabytes'),
  MEDIA_VIDEO_MB: megabytes(2_000).default(100).description('The largest video, in megabytes'),
  MEDIA_FILE_MB: megabytes(2_000).default(50).description('The largest file of any other kind, in megabytes'),
  MEDIA_VOICE_MINUTES: Joi.number().integer().min(1).max(600).default(15).description('The longest voice note, in minutes'),
  MEDIA_VIDEO_MINUTES: Joi.number().integer().min(1).max(600).default(30).description('The longest video, in minutes'),
  S3_ENDPOINT: originUrl.description('An object store that speaks S3, addressed by path: files lie there instead of in MEDIA_DIR'),
  S3_REGION: Joi.string().pattern(/^[a-z0-9-]{1,40}$/, 'region').default('us-east-1').description('The region that requests to it are signed for'),
  S3_BUCKET: Joi.string().pattern(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'bucket').description('The bucket, which is for these files alone'),
  S3_ACCESS_KEY_ID: Joi.string().min(1).max(256).description('The key that may read, write, delete and list there'),
  S3_SECRET_ACCESS_KEY: Joi.string().min(1).max(256).description('Its secret'),
  S3_CHECKSUM: Joi.valid('signed', 'stored', 'none').default('signed').description('How files are vouched for: `signed` hashes them into the signature; `stored` also keeps the hash beside the object, which some stores refuse; `none` leaves it to TLS'),
  LOG_LEVEL: Joi.valid('debug', 'info', 'warn', 'error', 'silent').default('info').description('How much is logged'),
  FAILPOINT: Joi.when('NODE_ENV', { is: 'production', then: Joi.forbidden(), otherwise: Joi.string().pattern(/^[a-z.-]+:\d+$/) }).description(
    'For fault tests: `name:n` ends the process with SIGKILL at the n-th pass of that point',
  ),
})

export type Config = Readonly<Settings>

/**
 * Reads the environment, and `.env` beside it for what the environment does not set.
 * @throws ConfigError naming every fault; never a value
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env, envFile = '.env'): Config {
  if (environment === process.env && existsSync(envFile)) process.loadEnvFile(envFile)
  const known = Object.fromEntries(
    settingNames()
      .filter((name) => environment[name] !== undefined && environment[name] !== '')
      .map((name) => [name, isList(name) ? splitList(environment[name] ?? '') : environment[name]]),
  )
  const { value, error } = settingsSchema.validate(known, { abortEarly: false, errors: { wrap: { label: false } } })
  const faults = error ? firstOfEach(error.details).map((fault) => `${fault.path[0] as string}: ${withoutValue(fault)}`) : []
  const settings = value as Settings
  if (!error && settings.NODE_ENV === 'production' && settings.PAYMENT_PROVIDERS.includes('sandbox') && !settings.ALLOW_SANDBOX)
    faults.push('PAYMENT_PROVIDERS: the sandbox is refused in production unless ALLOW_SANDBOX=1')
  const isS3 = s3Names.some((name) => known[name] !== undefined)
  if (isS3) faults.push(...s3Names.filter((name) => known[name] === undefined).map((name) => `${name}: is needed with the other settings of S3`))
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(settings)
}

/** Where files that people send lie, and where they are written while they come. */
export function mediaFolderOf({ MEDIA_DIR, DATA_DIR }: Config): string {
  return resolve(MEDIA_DIR ?? join(DATA_DIR, 'media'))
}

export function settingNames(): (keyof Settings)[] {
  return Object.keys((settingsSchema.describe() as { keys: object }).keys) as (keyof Settings)[]
}

function isList(name: keyof Settings): boolean {
  return settingsSchema.extract(name).type === 'array'
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function firstOfEach(details: readonly Joi.ValidationErrorItem[]): Joi.ValidationErrorItem[] {
  return details.filter((fault, index) => details.findIndex((other) => other.path[0] === fault.path[0]) === index)
}

// Joi repeats a value in some of its sentences (`any.only` lists the allowed ones, which is fine; others quote what was given).
function withoutValue(fault: Joi.ValidationErrorItem): string {
  const message = fault.message.replace(/^\S+ /, '')
  const given = fault.context?.value as unknown
  return typeof given === 'string' && given.length > 0 && fault.type !== 'any.only' ? message.replaceAll(given, '…') : message
}
