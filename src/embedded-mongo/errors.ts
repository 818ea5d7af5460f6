/** Errors as MongoDB words them: a code, the code's name and a message, in the shape a driver understands. */
import type { Doc } from './document.ts'

/** MongoDB's published error codes, as far as this store can answer with them. */
export const errorCodes = {
  InternalError: 1,
  BadValue: 2,
  HostUnreachable: 6,
  HostNotFound: 7,
  UnknownError: 8,
  FailedToParse: 9,
  UserNotFound: 11,
  UnsupportedFormat: 12,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  ProtocolError: 17,
  AuthenticationFailed: 18,
  IllegalOperation: 20,
  InvalidBSON: 22,
  LockTimeout: 24,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  NonExistentPath: 29,
  InvalidPath: 30,
  CannotBackfillArray: 34,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  InvalidDBRef: 55,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  WriteConcernTimeout: 64,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  IndexAlreadyExists: 68,
  AuthSchemaIncompatible: 69,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  UnknownReplWriteConcern: 79,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  NetworkTimeout: 89,
  CallbackCanceled: 90,
  ShutdownInProgress: 91,
  OperationFailed: 96,
  UnsatisfiableWriteConcern: 100,
  WriteConflict: 112,
  CommandNotSupported: 115,
  DocumentValidationFailure: 121,
  CappedPositionLost: 136,
  CursorInUse: 143,
  ExceededMemoryLimit: 146,
  StaleEpoch: 150,
  DurationOverflow: 159,
  ViewDepthLimitExceeded: 165,
  CommandNotSupportedOnView: 166,
  OptionNotSupportedOnView: 167,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  ClientMetadataCannotBeMutated: 186,
  InvalidIndexSpecificationOption: 197,
  InvalidUUID: 207,
  TransactionTooOld: 225,
  AtomicityFailure: 226,
  NotImplemented: 238,
  ConversionFailure: 241,
  SnapshotUnavailable: 246,
  NoSuchTransaction: 251,
  TransactionCommitted: 256,
  TransactionTooLarge: 257,
  OperationNotSupportedInTransaction: 263,
  TransactionExceededLifetimeLimitSeconds: 290,
  NoQueryExecutionPlans: 291,
  APIVersionError: 322,
  APIStrictError: 323,
  UnsupportedOpQueryCommand: 352,
  NotWritablePrimary: 10107,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
} as const

/** A published name, or `Location<code>` for the errors that MongoDB knows by their number only. */
export type CodeName = keyof typeof errorCodes | `Location${number}`

/** A refusal in MongoDB's words; `labels` become `errorLabels`, `info` is what belongs beside the code (keyPattern, errInfo, …). */
export class MongoError extends Error {
  readonly code: number
  readonly codeName: string
  readonly labels: string[]
  readonly info: Doc | undefined

  constructor(details: { code: number; codeName: string; message: string; labels: string[]; info: Doc | undefined }) {
    super(details.message)
    this.name = 'MongoError'
    this.code = details.code
    this.codeName = details.codeName
    this.labels = details.labels
    this.info = details.info
  }
}

/** Makes the error of that name; `extra.labels` are error labels, everything else of `extra` travels beside the code. */
export function mongoError(codeName: CodeName, message: string, extra: { labels?: string[]; info?: Doc } = {}): MongoError {
  return new MongoError({ code: codeOf(codeName), codeName, message, labels: extra.labels ?? [], info: extra.info })
}

function codeOf(codeName: CodeName): number {
  return Object.hasOwn(errorCodes, codeName) ? errorCodes[codeName as keyof typeof errorCodes] : Number(codeName.slice('Location'.length))
}
