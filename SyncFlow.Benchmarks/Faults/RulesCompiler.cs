using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Simulator.Protocol;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>
/// Compiles the rules in this process, for what a fault leaves alone is parsed and known already: a second for each, where a
/// build takes ten. Its assemblies stand in for the built one beside tests as they are, so a fault may change what methods
/// do and no signature.
/// </summary>
internal sealed class RulesCompiler
{
    /// <summary>The project that faults are planted in.</summary>
    public const string Rules = "SyncFlow.Core";

    private readonly string _root;
    private readonly CSharpCompilation _sound;

    /// <param name="root">The checkout; the rules have been built there for release.</param>
    public RulesCompiler(string root)
    {
        _root = root;
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, checkOverflow: true,
            nullableContextOptions: NullableContextOptions.Enable); // As SyncFlow.Core.csproj says.
        _sound = CSharpCompilation.Create(Rules, Sources(root).Select(path => Parse(path, File.ReadAllText(path))), Framework(), options);
    }

    /// <summary>The rules as they are, as an assembly.</summary>
    /// <exception cref="CheckFailedException">They do not compile.</exception>
    public byte[] Sound() => Emitted(_sound);

    /// <summary>The rules with a fault in them, as an assembly.</summary>
    /// <exception cref="CheckFailedException">They do not compile.</exception>
    public byte[] With(PlantedFault fault) => Emitted(Planted(fault).Compilation);

    /// <summary>What the compiler says against a source with a fault in it; nothing where it can be planted.</summary>
    public IReadOnlyList<string> Complaints(PlantedFault fault)
    {
        var (compilation, tree) = Planted(fault);
        return Errors(compilation.GetSemanticModel(tree).GetDiagnostics());
    }

    private (CSharpCompilation Compilation, SyntaxTree Tree) Planted(PlantedFault fault)
    {
        var path = Path.Combine(_root, fault.File);
        var sound = _sound.SyntaxTrees.Single(tree => tree.FilePath == path);
        var tree = Parse(path, fault.Plant(sound.ToString()));
        return (_sound.ReplaceSyntaxTree(sound, tree), tree);
    }

    private static byte[] Emitted(CSharpCompilation compilation)
    {
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.Embedded));
        return result.Success ? assembly.ToArray()
            : throw new CheckFailedException(string.Join(Environment.NewLine, Errors(result.Diagnostics)));
    }

    private static IReadOnlyList<string> Errors(IEnumerable<Diagnostic> diagnostics) =>
        [.. diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];

    private static SyntaxTree Parse(string path, string text) =>
        CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest), path, System.Text.Encoding.UTF8);

    /// <summary>The project's own sources, and what its build wrote: usings for all of them, the assembly's version.</summary>
    private static IEnumerable<string> Sources(string root)
    {
        var folder = Path.Combine(root, Rules);
        var own = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(folder, path).Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"));
        return own.Concat(Directory.EnumerateFiles(Path.Combine(folder, "obj", "Release", "net10.0"), "SyncFlow.Core.*.cs"));
    }

    private static IEnumerable<MetadataReference> Framework() =>
        Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System*.dll")
            .Append(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "netstandard.dll"))
            .Where(IsManaged).Select(path => MetadataReference.CreateFromFile(path));

    private static bool IsManaged(string path)
    {
        using var file = new System.Reflection.PortableExecutable.PEReader(File.OpenRead(path));
        return file.HasMetadata;
    }
}
