/** A case that is known to fail, and why. */
export interface Skip {
  /** `description` of the file. */
  file: string
  /** `description` of the case. */
  test: string
  reason: string
  /** Whose doing it is: a real server shares what is the driver's. */
  because: 'driver' | 'store'
}

export const transactionSkips: Skip[] = []

/** The store refuses each of these by name; the product uses none of them. */
export const crudSkips: Skip[] = [
  ...skip('store', 'text is compared by its bytes: no collation but the simple one', {
    'aggregate-collation': ['Aggregate with collation'],
    'bulkWrite-collation': ['BulkWrite with delete operations and collation', 'BulkWrite with update operations and collation'],
    'count-collation': ['Count documents with collation', 'Deprecated count with collation'],
    'deleteMany-collation': ['DeleteMany when many documents match with collation'],
    'deleteOne-collation': ['DeleteOne when many documents matches with collation'],
    'distinct-collation': ['Distinct with a collation'],
    'find-collation': ['Find with a collation'],
    'findOneAndDelete-collation': ['FindOneAndDelete when one document matches with collation'],
    'findOneAndReplace-collation': ['FindOneAndReplace when one document matches with collation returning the document after modification'],
    'findOneAndUpdate-collation': ['FindOneAndUpdate when many documents match with collation returning the document before modification'],
    'replaceOne-collation': ['ReplaceOne when one document matches with collation'],
    'updateMany-collation': ['UpdateMany when many documents match with collation'],
    'updateOne-collation': ['UpdateOne when one document matches with collation'],
  }),
  ...skip('store', 'an aggregation writes nothing: no $out and no $merge', {
    'aggregate-let': ['Aggregate to collection with let option'],
    'aggregate-merge': [
      'Aggregate with $merge',
      'Aggregate with $merge and batch size of 0',
      'Aggregate with $merge and majority readConcern',
      'Aggregate with $merge and local readConcern',
      'Aggregate with $merge and available readConcern',
    ],
    'aggregate-merge-errorResponse': ['aggregate $merge DuplicateKey error is accessible'],
    'aggregate-out': ['Aggregate with $out', 'Aggregate with $out and batch size of 0'],
    'aggregate-out-readConcern': [
      'readConcern majority with out stage',
      'readConcern local with out stage',
      'readConcern available with out stage',
    ],
    'aggregate-write-readPreference': [
      'Aggregate with $out includes read preference for 5.0+ server',
      'Aggregate with $merge includes read preference for 5.0+ server',
    ],
    'db-aggregate-write-readPreference': [
      'Database-level aggregate with $out includes read preference for 5.0+ server',
      'Database-level aggregate with $merge includes read preference for 5.0+ server',
    ],
  }),
  ...skip('store', 'the sessions of a server are not listed', {
    'db-aggregate': ['Aggregate with $listLocalSessions', 'Aggregate with $listLocalSessions and allowDiskUse'],
  }),
  ...skip('store', 'there are no views', { estimatedDocumentCount: ['estimatedDocumentCount works correctly on views'] }),
  ...skip('store', 'collections have no validators: schemas are checked before they reach the store', {
    'findOneAndUpdate-errorResponse': ['findOneAndUpdate document validation errInfo is accessible'],
  }),
  ...skip('driver', 'the driver gives a new id where the caller says null', {
    'create-null-ids': [
      'inserting _id with type null via insertOne',
      'inserting _id with type null via insertMany',
      'inserting _id with type null via bulkWrite',
    ],
  }),
  ...skip('driver', 'the driver leaves out bypassDocumentValidation when it is false', {
    bypassDocumentValidation: [
      'Aggregate with $out passes bypassDocumentValidation: false',
      'BulkWrite passes bypassDocumentValidation: false',
      'FindOneAndReplace passes bypassDocumentValidation: false',
      'FindOneAndUpdate passes bypassDocumentValidation: false',
      'InsertMany passes bypassDocumentValidation: false',
    ],
  }),
]

function skip(because: Skip['because'], reason: string, cases: Record<string, string[]>): Skip[] {
  return Object.entries(cases).flatMap(([file, tests]) => tests.map((test) => ({ file, test, reason, because })))
}
