-- With any edition of TimescaleDB: observation in chunks of a day. Run once, on the empty table.
-- The default index on time alone is left out: chunks answer that, and it would cost a third of the write speed.
select create_hypertable('observation', by_range('time', interval '1 day'), create_default_indexes => false);
