-- observation_1h without TimescaleDB Community: computed when asked.
create or replace view observation_1h as
select sensor_id,
       date_bin('1 hour', time, '2000-01-01 00:00:00+00') as bucket,
       count(*)                                 as n,
       min(value)                               as min,
       max(value)                               as max,
       avg(value)                               as avg,
       (array_agg(value order by time desc))[1] as last
from observation
where flag in (1, 2, 3) and value <> 'NaN'
group by 1, 2;
