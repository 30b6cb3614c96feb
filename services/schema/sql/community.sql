-- All that needs TimescaleDB Community (the Timescale License): continuous aggregate, columnstore.
-- Run once, when observation is a hypertable and observation_1h is not yet a continuous aggregate.
drop view if exists observation_1h;

create materialized view observation_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select sensor_id,
       time_bucket(interval '1 hour', time) as bucket,
       count(*)          as n,
       min(value)        as min,
       max(value)        as max,
       avg(value)        as avg,
       last(value, time) as last
from observation
where flag in (1, 2, 3) and value <> 'NaN'::float8
group by 1, 2
with no data;

-- No start: what comes late, from an agent's day-old buffer, is folded in as well.
select add_continuous_aggregate_policy('observation_1h', start_offset => null, end_offset => interval '1 hour',
                                       schedule_interval => interval '15 minutes');

alter table observation set (timescaledb.compress, timescaledb.compress_segmentby = 'sensor_id',
                             timescaledb.compress_orderby = 'time');

-- Not the stock policy: it goes by the age of the readings alone and would compress a day that a gateway is
-- still filling from its buffer. Here a day is left alone while anything in it was received in the last 7 days.
create or replace procedure haidang_compress(job_id int, config jsonb) language plpgsql as $$
declare
    day record;
    newest timestamptz;
begin
    for day in
        select format('%I.%I', chunk_schema, chunk_name)::regclass as chunk
        from timescaledb_information.chunks
        where hypertable_schema = current_schema() and hypertable_name = 'observation'
          and not is_compressed and range_end < now() - interval '30 days'
        order by range_end
    loop
        execute format('select max(received_at) from %s', day.chunk) into newest;
        if newest is null or newest < now() - interval '7 days' then
            perform compress_chunk(day.chunk, if_not_compressed => true);
            commit;
        end if;
    end loop;
end
$$;

select add_job('haidang_compress', interval '1 day');
