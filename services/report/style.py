"""The page's look and its little script: light, dark and print; colours told apart by shape as well."""
# ruff: noqa: E501  style sheet and script

STYLE = """
:root{--bg:#fbfbf9;--card:#fff;--ink:#15202b;--soft:#56636f;--line:#dde2e6;--series:#0b5394;--gap:#e9edf0;
--advisory:#c79a00;--watch:#d9690b;--warning:#c2182b;--emergency:#7b1fa2;--truth:#0f7b5f;
--suspect:#d9690b;--fail:#c2182b;--band:.13;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--bg:#10161c;--card:#182028;--ink:#e8edf1;--soft:#9fadb9;--line:#2c3843;
--series:#7cbcf5;--gap:#222c35;--advisory:#f2c530;--watch:#ff9a4d;--warning:#ff6b78;--emergency:#d493f0;
--truth:#4fd1ac;--suspect:#ff9a4d;--fail:#ff6b78;--band:.2}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
header h1{font-size:30px;line-height:1.2;margin:0 0 2px;letter-spacing:-.01em}
h1 small,h2 small,h3 small{font-weight:400;color:var(--soft);font-size:.62em;margin-left:.35em}
h2{font-size:21px;margin:38px 0 10px;padding-bottom:5px;border-bottom:2px solid var(--ink)}
h2 small{font-size:.72em}
i{font-style:normal;color:var(--soft)}.two i{font-size:.92em}.two b{font-weight:inherit}
.lede{color:var(--soft);margin:0}.lede b{color:var(--ink);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:20px 0 6px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.tile strong{display:block;font-size:27px;line-height:1.15;font-variant-numeric:tabular-nums}
.tile span{font-size:13px;color:var(--soft);display:block}.tile em{font-style:normal;font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px;background:var(--card)}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:12.5px;font-weight:600;border-bottom:1.5px solid var(--soft);white-space:nowrap}
th i{display:block;font-weight:400}td.n,th.n{text-align:right;white-space:nowrap}
td.n i{display:block;font-size:12px}tr.other td{color:var(--soft)}tr.part td{background:var(--gap);font-weight:600}
td.over{color:var(--warning);font-weight:600}td.why{min-width:340px}td.why i{display:block;font-size:13px}
td.t{white-space:nowrap}
.sev{white-space:nowrap}.sev em{display:inline-block;width:9px;height:13px;margin-right:6px;vertical-align:-1px;
border:1px solid currentColor;background:linear-gradient(currentColor,currentColor) bottom/100% 25% no-repeat}
.sev.watch em{background-size:100% 50%}.sev.warning em{background-size:100% 75%}
.sev.emergency em{background-size:100% 100%}
.sev.advisory em{color:var(--advisory)}.sev.watch em{color:var(--watch)}
.sev.warning em{color:var(--warning)}.sev.emergency em{color:var(--emergency)}
figure{margin:16px 0;padding:12px 14px 8px;background:var(--card);border:1px solid var(--line);border-radius:8px}
figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline}
figcaption h3{margin:0;font-size:17px}figcaption p{margin:0;font-size:13px}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}
svg{display:block}svg.chart{width:100%;min-width:760px;height:auto;margin-top:6px;overflow:visible}
svg.spark{width:180px;height:28px}
.line{fill:none;stroke:var(--series);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.x path,.spark path{vector-effect:non-scaling-stroke}.spark .line{stroke-width:1.1}
.frame{fill:none;stroke:var(--line)}.grid{stroke:var(--line);stroke-width:1;fill:none}
.base{stroke:var(--line);stroke-width:1;fill:none}.gap{fill:var(--gap)}
.tick{fill:var(--soft);font-size:12px}.name,.lane{font-size:12px}.name{font-weight:600}.en{fill:var(--soft);
font-weight:400}
text.lane{fill:var(--ink)}
.level{fill:none;stroke-width:1.4;stroke-dasharray:6 4}
.level.advisory{stroke:var(--advisory)}.level.watch{stroke:var(--watch)}
.level.warning{stroke:var(--warning)}.level.emergency{stroke:var(--emergency)}
.name.advisory{fill:var(--advisory)}.name.watch{fill:var(--watch)}.name.warning{fill:var(--warning)}
.name.emergency{fill:var(--emergency)}
.band{opacity:var(--band)}.step,.band{stroke:none}
.advisory.band,.advisory.step{fill:var(--advisory)}.watch.band,.watch.step{fill:var(--watch)}
.warning.band,.warning.step{fill:var(--warning)}.emergency.band,.emergency.step{fill:var(--emergency)}
.step.truth{fill:var(--truth);stroke:none}.step.blind{opacity:.45}
.stem{stroke-width:1;opacity:.55}.mark.dot{stroke:var(--series);stroke-width:5}
.mark{fill:none;stroke-linecap:round}.mark.suspect{stroke:var(--suspect);stroke-width:8}
.mark.hole{stroke:var(--card);stroke-width:4}.mark.fail{stroke:var(--fail);stroke-width:7;stroke-linecap:square}
.key{display:inline-block;width:9px;height:9px;margin-right:5px;vertical-align:0}
.key.suspect{border:2px solid var(--suspect);border-radius:50%}.key.fail{background:var(--fail)}
.key.hole{background:var(--gap);border:1px solid var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13.5px;margin:6px 0}
.key.truth{background:var(--truth)}.key.line{height:2px;background:var(--series);vertical-align:4px;width:16px}
.key.level{height:0;width:18px;border-top:2px dashed var(--soft);vertical-align:4px}
.plus{color:var(--truth);font-weight:700}.minus{color:var(--warning);font-weight:700}
details>summary{cursor:pointer;margin:8px 0}
.method{columns:2;column-gap:36px;font-size:14px}.method p{margin:0 0 10px;break-inside:avoid}
.zoom{display:none;font-size:13px;color:var(--soft)}.js .zoom{display:inline}
.zoom button{font:inherit;border:1px solid var(--line);background:var(--card);color:var(--ink);border-radius:5px;
padding:1px 9px;cursor:pointer}
.js svg.chart{cursor:crosshair;touch-action:pan-y}.sel{fill:var(--series);opacity:.15}
@media (max-width:760px){.method{columns:1}main{padding:16px 10px}}
@media print{:root{--bg:#fff;--card:#fff}body{font-size:11px}main{max-width:none;padding:0}
figure,tr,.tile{break-inside:avoid}h2{break-after:avoid}.zoom,.js .zoom{display:none}
svg.chart{min-width:0}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}@page{size:A4 landscape;margin:12mm}}
"""

SCRIPT = """
(function(){var d=document,b=d.body,F=+b.dataset.first,L=+b.dataset.last,O=+b.dataset.left,W=+b.dataset.width,
Z=b.dataset.zone,a=F,z=L,NS='http://www.w3.org/2000/svg';
if(!(L>F))return;b.classList.add('js');
var steps=[1,5,15,30,60,300,900,1800,3600,10800,21600,43200,86400,172800,604800,1209600,2592000];
function label(t,s){var o=s<60?{hour:'2-digit',minute:'2-digit',second:'2-digit'}:s<86400?{hour:'2-digit',
minute:'2-digit',day:'numeric',month:'numeric'}:{day:'numeric',month:'numeric',year:'2-digit'};
o.timeZone=Z;o.hour12=false;return new Date(t).toLocaleString('vi-VN',o)}
function show(){var k=1000/(L-F),x=(a-F)*k,w=(z-a)*k;
d.querySelectorAll('svg.x').forEach(function(s){s.setAttribute('viewBox',x+' 0 '+w+' 100')});
var span=(z-a)/1e3,s=steps.find(function(s){return span/s<=7})||2592000;
d.querySelectorAll('g.time').forEach(function(g){if(!g.o)g.o=g.innerHTML;if(a==F&&z==L){g.innerHTML=g.o;return}
g.textContent='';var y=+g.dataset.y;for(var t=Math.ceil(a/1e3/s)*s*1e3;t<=z;t+=s*1e3){var X=O+(t-a)/(z-a)*W,
e=d.createElementNS(NS,'text');e.setAttribute('class','tick');e.setAttribute('x',X);e.setAttribute('y',y+13);
e.setAttribute('text-anchor','middle');e.textContent=label(t,s);g.appendChild(e)}});
d.querySelectorAll('.zoom button').forEach(function(q){q.hidden=a==F&&z==L})}
function at(v,e){var r=v.getBoundingClientRect(),u=(e.clientX-r.left)/r.width*v.viewBox.baseVal.width;
return a+Math.min(Math.max((u-O)/W,0),1)*(z-a)}
d.querySelectorAll('svg.chart').forEach(function(v){var from=null,sel;
v.addEventListener('pointerdown',function(e){if(e.button)return;from=at(v,e);v.setPointerCapture(e.pointerId);
sel=d.createElementNS(NS,'rect');sel.setAttribute('class','sel');sel.setAttribute('y',0);
sel.setAttribute('height',v.viewBox.baseVal.height);v.appendChild(sel)});
v.addEventListener('pointermove',function(e){if(from===null)return;var t=at(v,e),p=Math.min(from,t),q=Math.max(from,t);
sel.setAttribute('x',O+(p-a)/(z-a)*W);sel.setAttribute('width',(q-p)/(z-a)*W)});
function end(e){if(from===null)return;var t=at(v,e),p=Math.min(from,t),q=Math.max(from,t);from=null;sel.remove();
if(q-p>(z-a)*.01&&q-p>6e4){a=p;z=q;show()}}
v.addEventListener('pointerup',end);v.addEventListener('pointercancel',function(){from=null;if(sel)sel.remove()});
v.addEventListener('dblclick',function(){a=F;z=L;show()})});
d.querySelectorAll('.zoom button').forEach(function(q){q.hidden=true;
q.addEventListener('click',function(){a=F;z=L;show()})})})();
"""
